"""The portal's API, as a clinic's software uses it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple, Self
from uuid import UUID

import aiohttp
import orjson

_PATIENCE = 30.0  # seconds
_TRIES = 480  # two minutes: services that are killed all the while come back on a busy machine, too
_PAUSE = 0.25  # seconds between two tries
# by the last part of an action's path; everything else is referral's
_OWNERS: Mapping[str, str] = {
    **dict.fromkeys(("attendance", "report", "plan", "amend", "reply"), "program"),
    **dict.fromkeys(("decide-plan", "request-information"), "program"),
    **dict.fromkeys(("accept-report", "return-report", "waive-report"), "program"),
    **dict.fromkeys(("invoice", "void", "rectify", "release"), "invoice"),
}


class Answer(NamedTuple):
    """The portal's answer to an action: its status and body."""

    status: int
    data: Mapping[str, Any]

    @property
    def is_taken(self) -> bool:
        """Return whether it was taken, at once or to be checked."""
        return self.status < 300  # noqa: PLR2004 - HTTP's own number

    @property
    def operation(self) -> str:
        """Where the answer will be found, of what is still being checked."""
        return f"/operations/{self.data['id']}" if self.status == HTTPStatus.ACCEPTED else ""


class _Reply(NamedTuple):
    """A reply of the portal with its tag and body."""

    status: int
    etag: str
    content: bytes

    @property
    def data(self) -> Any:  # noqa: ANN401 - whatever JSON can say
        """The body; nothing where there is none."""
        return orjson.loads(self.content) if self.content else {}

    def expect(self, path: str) -> Self:
        """Return what nobody who behaves is told ends the play."""
        if self.status >= HTTPStatus.BAD_REQUEST:
            raise ConnectionError(f"{path} answered {self.status}: {self.content.decode(errors='replace')}")
        return self


class Portal:
    """One connection pool for all clinics."""

    def __init__(self, address: str) -> None:
        """The portal's address, without the API's path."""
        self._base = f"{address}/api/v1"
        self._session: aiohttp.ClientSession | None = None
        self.away: set[str] = set()  # services whose answers nobody waits for

    async def __aenter__(self) -> Self:
        """Nothing is asked yet."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_PATIENCE))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def offers(self, token: str) -> list[Mapping[str, Any]]:
        """Return what a clinic is asked to take."""
        path = "/referrals?state=offered&limit=200"
        return list((await self._ask("GET", path, _as(token))).expect(path).data["items"])

    async def read(self, token: str, path: str) -> Any:  # noqa: ANN401 - whatever JSON can say
        """One resource."""
        return (await self._ask("GET", path, _as(token))).expect(path).data

    async def revision(self, token: str, number: str) -> int | None:
        """The newest of one referral; None when it is not there or not the clinic's."""
        return await self.revision_of(token, f"/referrals/{number}")

    async def revision_of(self, token: str, path: str) -> int | None:
        """The newest of one document; None when it is not there or not the caller's."""
        answer = await self._ask("GET", path, _as(token))
        return None if answer.status == HTTPStatus.NOT_FOUND else int(answer.expect(path).etag.strip('W/"'))

    async def act(self, token: str, path: str, body: Mapping[str, Any], *, seen: int, key: UUID) -> Answer:
        """One action, on what was seen; waits two seconds for the answer of the service that decides."""
        wait = 0 if _OWNERS.get(path.rpartition("/")[2], "referral") in self.away else 2
        headers = {**_as(token), "Idempotency-Key": str(key), "Prefer": f"wait={wait}", "If-Match": f'"{seen}"'}
        answer = await self._ask("POST", path, {**headers, "Content-Type": "application/json"}, orjson.dumps(body))
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            answer.expect(path)
        return Answer(answer.status, answer.data)

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> _Reply:
        """A portal that is away is asked again for a while: what is read may be, and what is done has a key."""
        for n in range(_TRIES):
            with suppress(aiohttp.ClientError, TimeoutError):
                answer = await self._once(method, path, headers, body)
                if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                    return answer
            await asyncio.sleep(_PAUSE if n else 0)
        return await self._once(method, path, headers, body)

    async def _once(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> _Reply:
        if self._session is None:
            raise RuntimeError("the portal is asked inside its context")
        async with self._session.request(method, self._base + path, headers=headers, data=body) as answer:
            return _Reply(answer.status, answer.headers.get("etag", ""), await answer.read())


def _as(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
