"""The portal's API, as a clinic's software uses it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Self
from uuid import UUID

import httpx2

_PATIENCE = 30.0  # seconds
_TRIES = 40
_PAUSE = 0.25  # seconds between two tries
# by the last part of an action's path; everything else is referral's
_OWNERS: Mapping[str, str] = {
    **dict.fromkeys(("attendance", "report", "plan", "amend", "reply"), "program"),
    **dict.fromkeys(("decide-plan", "request-information"), "program"),
    **dict.fromkeys(("accept-report", "return-report", "waive-report"), "program"),
    **dict.fromkeys(("invoice", "void", "rectify", "release"), "invoice"),
}


class Answer(NamedTuple):
    """What the portal said to an action: its status and body."""

    status: int
    data: Mapping[str, Any]

    @property
    def is_taken(self) -> bool:
        """Whether it was taken, at once or to be checked."""
        return self.status < 300  # noqa: PLR2004 - HTTP's own number

    @property
    def operation(self) -> str:
        """Where the answer will be found, of what is still being checked."""
        return f"/operations/{self.data['id']}" if self.status == httpx2.codes.ACCEPTED else ""


class Portal:
    """One connection pool for all clinics."""

    def __init__(self, address: str) -> None:
        """The portal's address, without the API's path."""
        self._client = httpx2.AsyncClient(base_url=f"{address}/api/v1", timeout=_PATIENCE)
        self.away: set[str] = set()  # services whose answers nobody waits for

    async def __aenter__(self) -> Self:
        """Nothing is asked yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def offers(self, token: str) -> list[Mapping[str, Any]]:
        """What a clinic is asked to take."""
        query = {"state": "offered", "limit": "200"}
        answer = await self._ask("GET", "/referrals", params=query, headers=_as(token))
        answer.raise_for_status()
        return list(answer.json()["items"])

    async def read(self, token: str, path: str) -> Any:  # noqa: ANN401 - whatever JSON can say
        """One resource."""
        answer = await self._ask("GET", path, headers=_as(token))
        answer.raise_for_status()
        return answer.json()

    async def revision(self, token: str, number: str) -> int | None:
        """The newest of one referral; None when it is not there or not the clinic's."""
        return await self.revision_of(token, f"/referrals/{number}")

    async def revision_of(self, token: str, path: str) -> int | None:
        """The newest of one document; None when it is not there or not the caller's."""
        answer = await self._ask("GET", path, headers=_as(token))
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return None
        answer.raise_for_status()
        return int(answer.headers["etag"].strip('W/"'))

    async def act(self, token: str, path: str, body: Mapping[str, Any], *, seen: int, key: UUID) -> Answer:
        """One action, on what was seen; waits two seconds for the answer of the service that decides."""
        wait = 0 if _OWNERS.get(path.rpartition("/")[2], "referral") in self.away else 2
        headers = {**_as(token), "Idempotency-Key": str(key), "Prefer": f"wait={wait}", "If-Match": f'"{seen}"'}
        answer = await self._ask("POST", path, json=body, headers=headers)
        if answer.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
            answer.raise_for_status()
        return Answer(answer.status_code, answer.json() if answer.content else {})

    async def _ask(self, method: str, path: str, **what: Any) -> httpx2.Response:  # noqa: ANN401 - as the client takes it
        """A portal that is away is asked again for a while: what is read may be, and what is done has a key."""
        for n in range(_TRIES):
            with suppress(httpx2.TransportError):
                answer = await self._client.request(method, path, **what)
                if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
                    return answer
            await asyncio.sleep(_PAUSE if n else 0)
        return await self._client.request(method, path, **what)


def _as(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
