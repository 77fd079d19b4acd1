"""A real Chromium for these tests; where none can be had they are counted as not run, and fail where CI is set."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser import chromium
from tests.portal.conftest import PASSWORD, house, portal  # noqa: F401 - fixtures
from tests.portal.visitor import EMAIL
from tests.portal.world import World


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all these tests."""
    path = chromium.find()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium can be had, and CI is set")
        pytest.skip("no Chromium can be had")
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        yield found
        await found.close()


class Sight:
    """One person's browser: a page, and whatever went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on(
            "console", lambda m: self.wrong.append(m.text) if m.type == "error" and not _is_status(m.text) else None
        )
        page.on("pageerror", lambda e: self.wrong.append(str(e)))

    async def sign_in(self, account: str) -> None:
        """With the password of these tests."""
        await self.sign_in_as(EMAIL[account], PASSWORD)

    async def sign_in_as(self, name: str, password: str) -> None:
        """As somebody."""
        await self.page.goto("/sign-in")
        await self.page.fill("#name", name)
        await self.page.fill("#password", password)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.wait_for_url(lambda url: "/sign-in" not in url)

    async def press(self, name: str) -> None:
        """A button by its words; on return the next page is there.

        A navigation would not do: a script that notes its state in the page's history is one too.
        """
        async with self.page.expect_event("load"):
            await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def picture(self, name: str) -> None:
        """Kept in the folder that PICTURES names, if any: those of the README come from here."""
        if folder := os.environ.get("PICTURES"):
            await self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    async def words(self) -> str:
        """Return what stands in the main part."""
        return await self.page.locator("main").inner_text()


def _is_status(text: str) -> bool:
    """Chromium says of each answer from 400 on that it failed; refusals are pages here."""
    return text.startswith("Failed to load resource")


Look = Callable[..., Any]


@asynccontextmanager
async def looking(browser: Browser, base_url: str, **options: Any) -> AsyncIterator[Sight]:
    """A new browser window at a portal."""
    context: BrowserContext = await browser.new_context(base_url=base_url, **options)
    context.set_default_timeout(20_000)  # of a machine that others use, too
    sight = Sight(await context.new_page())
    try:
        yield sight
    finally:
        await context.close()


@pytest.fixture
async def look(browser: Browser, portal: World) -> Look:  # noqa: F811 - a fixture
    """`async with look(account, **options) as sight`: somebody at the portal of these tests."""

    @asynccontextmanager
    async def opened(account: str | None = None, **options: Any) -> AsyncIterator[Sight]:
        async with looking(browser, str(portal.client.base_url), **options) as sight:
            if account:
                await sight.sign_in(account)
            yield sight

    return opened


Soon = Callable[[Awaitable[Any]], Any]
