"""Lists in parts, each behind a cursor."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeAlias, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from shared.config import clock

T = TypeVar("T")


class Page:
    """The part of a list that a request asks for."""

    def __init__(self, request: Request, response: Response, limit: int, after: int) -> None:
        """`after` is the cursor behind which the part begins."""
        self._request, self._response = request, response
        self.limit, self.after = limit, after

    @property
    def most(self) -> int:
        """The rows to read: one more than asked for, to know whether there are more."""
        return self.limit + 1

    def of(self, found: Sequence[T], changed: Callable[[T], int], shown: Callable[[T], Any]) -> dict[str, Any]:
        """Returns the items; `next` goes on behind the last, and later finds what has changed since."""
        page = found[: self.limit]
        after = str(changed(page[-1])) if len(found) > self.limit else None
        if after:
            self._response.headers["Link"] = f'<{self._place(after)}>; rel="next"'
        return {"items": [shown(one) for one in page], "next": after, "as_of": clock.now().isoformat()}

    def _place(self, after: str) -> str:
        """Return the address of the next part, with the other parameters of the query."""
        asked = {**self._request.query_params, "limit": str(self.limit), "cursor": after}
        return f"{self._request.url.path}?{urlencode(asked)}"


async def page_of(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "",
) -> Page:
    """Returns the part that the query asks for."""
    return Page(request, response, limit, int(cursor or 0))


Paged: TypeAlias = Annotated[Page, Depends(page_of)]
