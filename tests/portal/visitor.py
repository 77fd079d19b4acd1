"""Somebody at the pages without scripts: signs in, opens pages, presses buttons."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any

import httpx2
from typing_extensions import override

from tests.portal.conftest import ACCOUNTS, PASSWORD
from tests.portal.world import World

EMAIL = {row[0]: row[7] for row in ACCOUNTS}


class _Forms(HTMLParser):
    """The forms of a page with the fields that stand in them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.forms.append({"action": said.get("action", ""), "fields": {}, "buttons": {}})
        elif self.forms and (name := said.get("name")):
            if tag == "button":
                self.forms[-1]["buttons"].setdefault(said.get("value", ""), name)
            elif said.get("type") not in {"radio", "checkbox"} or "checked" in said:
                self.forms[-1]["fields"].setdefault(name, said.get("value") or "")


class Visitor:
    """One session at the pages of a portal."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.page = httpx2.Response(200)

    async def open(self, path: str, status: int = 200) -> str:
        """A page as its text."""
        self.page = await self.client.get(path)
        assert self.page.status_code == status, (path, self.page.status_code, self.page.text[-1500:])
        return self.page.text

    def form(self, button: str = "", action: str = "") -> dict[str, Any]:
        """The form of the open page that has this button, or goes there."""
        reader = _Forms()
        reader.feed(self.page.text)
        found = [f for f in reader.forms if (not button or button in f["buttons"]) and f["action"].endswith(action)]
        assert found, (button, action, [(f["action"], f["buttons"]) for f in reader.forms])
        return found[-1]

    def typed(self, button: str = "", action: str = "", **fields: str) -> dict[str, str]:
        """The form of the open page with these fields typed, before anything is pressed."""
        return {**self.form(button, action)["fields"], **{name.replace("__", "."): v for name, v in fields.items()}}

    async def press(self, button: str = "", action: str = "", **fields: str) -> httpx2.Response:
        """A button of the open page, by its value, with these fields typed."""
        form = self.form(button, action)
        pressed = {form["buttons"][button]: button} if button else {}
        said = {**self.typed(button, action, **fields), **pressed}
        self.page = await self.client.post(form["action"], data=said)
        return self.page


@asynccontextmanager
async def visiting(portal: World, account: str | None = None) -> AsyncIterator[Visitor]:
    """Signed in as an account, or not at all."""
    async with httpx2.AsyncClient(base_url=portal.client.base_url, timeout=20) as client:
        visitor = Visitor(client)
        if account:
            answer = await client.post("/sign-in", data={"name": EMAIL[account], "password": PASSWORD})
            assert answer.status_code == 303, answer.text[-500:]
        yield visitor
