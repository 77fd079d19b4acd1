"""What proves who somebody is stands on no page, in no draft and in no log, whatever goes wrong."""

import asyncio
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from services.portal.domain.form_fields import is_secret, readable, without_secrets
from shared.database.postgres import open_session
from shared.messaging.encryption import find_keys, unseal
from tests.portal import story, treated
from tests.portal.conftest import PASSWORD, House
from tests.portal.story import CASE, NUMBER
from tests.portal.visitor import EMAIL, visiting
from tests.portal.world import World
from tests.stack.databases import Databases

SECRETS = (
    "password",
    "Password",
    "new_password",
    "password-again",
    "one_time_code",
    "otp",
    "recovery_code",
    "token",
    "id_token",
    "access_token",
    "refresh_token",
    "SAMLResponse",
    "code",
    "client_secret",
    "lines.0.password",
    "kept.password",
    "kept.kept.token",
)
MARK = "Xq7-marker-"
ALL = {name: f"{MARK}{n}" for n, name in enumerate(SECRETS)}
PLAIN = ("name", "then", "lines.0.code", "reason_code", "waive_code", "state", "return.service_on", "sections.history")


@pytest.mark.parametrize("name", SECRETS)
def test_a_field_that_proves_who_somebody_is_is_secret(name: str) -> None:
    assert is_secret(name)
    assert readable({name: "x", "comment": "y"}) == {"comment": "y"}


@pytest.mark.parametrize("name", PLAIN)
def test_a_field_of_a_form_is_not_secret(name: str) -> None:
    assert without_secrets({name: "x"}) == {name: "x"}


def test_fields_beside_an_identity_providers_answer_are_left_out_with_it() -> None:
    assert without_secrets({"code": "x", "state": "y", "session_state": "z", "comment": "w"}) == {"comment": "w"}


async def said_by_pages(portal: World, house: House, databases: Databases) -> list[tuple[str, str]]:
    """Every way in which a page may show what was typed."""
    shown: list[tuple[str, str]] = []
    form = {**ALL, "name": EMAIL["a-north"], "then": "/inbox?token=" + MARK, "kept.comment": "They live far away."}
    async with visiting(portal, "a-north") as visitor, visiting(portal) as stranger:
        for _ in range(11):
            answer = await stranger.client.post("/sign-in", data=form)
            shown.append((f"sign-in {answer.status_code}", answer.text))
        for path in ("/session-ended", "/resume", f"/referrals/{NUMBER}/answer", f"/referrals/{NUMBER}/hold"):
            for who in (stranger, visitor):
                answer = await who.client.post(path, data={**form, "how": "decline"})
                shown.append((f"{path} {answer.status_code}", answer.text + str(answer.headers)))
        answer = await stranger.client.get("/inbox?" + urlencode(ALL))
        shown.append((f"way in {answer.status_code}", str(answer.headers)))
        answer = await stranger.client.post(
            "/sign-in", data={**form, "password": PASSWORD}, headers={"X-Forwarded-For": "10.9.9.9"}
        )
        shown.append((f"resumed {answer.status_code}", answer.text.replace(PASSWORD, MARK)))
        async with databases.away(house.url, but="portal_owner"):
            for path in ("/sign-in", f"/referrals/{NUMBER}/answer"):
                answer = await visitor.client.post(path, data=form, headers={"X-Forwarded-For": "10.9.8.9"})
                shown.append((f"{path} away {answer.status_code}", answer.text))
        owner = await open_session(house.url, "portal_owner", "portal")
        await owner.execute("ALTER TABLE credentials RENAME TO elsewhere")
        try:
            answer = await stranger.client.post("/sign-in", data=form, headers={"X-Forwarded-For": "10.9.7.9"})
            shown.append((f"failed {answer.status_code}", answer.text))
        finally:
            await owner.execute("ALTER TABLE elsewhere RENAME TO credentials")
            await owner.close()
    return shown


async def test_no_page_shows_what_is_secret(portal: World, house: House, databases: Databases) -> None:
    await portal.hear(story.CALENDAR, story.created(), story.offered())
    with capture_logs() as lines:
        shown = await said_by_pages(portal, house, databases)
    statuses = {where.rpartition(" ")[2] for where, _ in shown}
    assert {"200", "401", "422", "428", "429", "500", "503"} <= statuses, sorted(statuses)
    assert [where for where, text in shown if MARK in text] == []
    assert MARK not in str(lines)
    assert any(text.count("They live far away.") for where, text in shown if where.startswith("failed"))
    assert any('name="password"' in text and "Your password again" in text for where, text in shown if "away" in where)


async def test_no_draft_holds_what_is_secret(portal: World) -> None:
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.due())
    typed = {**ALL, "version": "0", "rows": "1", "lines.0.code": "OR-DAY", "sections.history": "Half"}
    async with visiting(portal, "a-north-admin") as visitor:
        for path in (
            f"/referrals/{NUMBER}/plan/edit",
            f"/invoices/draft-{NUMBER}",
            f"/referrals/{NUMBER}/reports/initial/history",
        ):
            answer = await visitor.client.post(path, data=typed)
            assert answer.status_code == 303, path
    async with portal.pool.acquire() as conn:
        owner = f"document/{CASE}"
        keys = await find_keys(conn, [owner])
        plain = [unseal(keys, owner, row["sealed"]) for row in await conn.fetch("SELECT sealed FROM drafts")]
    assert len(plain) == 3
    assert all(text and MARK.encode() not in text for text in plain)
    await asyncio.sleep(0)
