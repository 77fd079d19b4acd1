"""Code lists: what a page offers its owner takes, what the owner takes a page offers, and nothing else is taken."""

import ast
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from deploy.local.processes import ROOT
from services.notification.store.rules import RULES
from services.portal.api.access import ACCESS
from services.portal.api.coded import FromCodeList, on_day
from services.portal.pages import formatting, labels
from services.portal.pages.labels import choices_on
from services.program.store.register import CONTENTS
from services.referral.handlers import decide_officer_action
from shared.codes import Code, CodeList, Side, code_list, code_lists, explained_codes
from shared.domain.decision import Decision as Decided
from shared.domain.decision import Outcome, Refusal
from shared.events import values
from shared.events.notification import Channel
from shared.events.portal import (
    OfficerHeldReferral,
    OfficerWithdrewReferral,
    ProviderBookedAppointment,
    ProviderDeclinedReferral,
    ProviderEndedProgram,
    ProviderHeldReferral,
    ProviderMovedAppointment,
    ReturnedField,
)
from shared.events.program import Attendance, Fault
from shared.events.referral import HoldCause
from tests.portal import story, treated
from tests.portal.visitor import visiting
from tests.portal.world import World
from tests.program import planning
from tests.program import test_reports as reports
from tests.program.context import case_in, started
from tests.referral.test_life import Story

NOW = date(2024, 11, 5)
DAY = timedelta(days=1)
LATE = timedelta(days=40)


def declined(code: Any) -> Decided:
    more = {"comment_id": "d", "comment_sha256": "h", "next_step": "ask-officer"}
    return Story().offer().act(ProviderDeclinedReferral, reason_code=code, **more)


def stepped(code: Any) -> Decided:
    more = {"comment_id": "d", "comment_sha256": "h", "reason_code": "other"}
    return Story().offer().act(ProviderDeclinedReferral, next_step=code, **more)


def booked(code: Any) -> Decided:
    story = Story().offer().acknowledge().accept()
    starts_at = story.at + LATE
    return story.act(ProviderBookedAppointment, starts_at=starts_at, confirmed_with_worker=True, late_reason_code=code)


def moved(code: Any) -> Decided:
    story = Story().schedule()
    starts_at = story.at + LATE
    return story.act(ProviderMovedAppointment, starts_at=starts_at, confirmed_with_worker=True, reason_code=code)


def held(code: Any) -> Decided:
    story = Story().offer().acknowledge().accept()
    return story.act(ProviderHeldReferral, reason_code=code, review_on=story.context.today + DAY)


def held_for_insurer(code: Any) -> Decided:
    story = Story().offer()
    return story.rule(OfficerHeldReferral, reason_code=code, review_on=story.context.today + DAY)


def withdrawn(code: Any) -> Decided:
    return Story().offer().rule(OfficerWithdrewReferral, reason_code=code)


def ended(code: Any) -> Decided:
    story = Story().schedule().start()
    return story.act(ProviderEndedProgram, last_on=story.context.today, exit_reason=code)


def waived(code: Any) -> Decided:
    return reports.waived(started(), reason=code)


def returned(code: Any) -> Decided:
    filed = case_in(reports.sent(started(), terms=reports.REVIEWED))
    field = ReturnedField(field="sections", reason_code=code or "")
    return reports.returned(filed, reports.SENT_ON, fields=(field,))


def decided(code: Any) -> Decided:
    on = planning.context(planning.DECIDED_ON)
    return planning.decide(planning.waiting(planning.VISIT), on, ("visit", "1", *((code,) if code else ())))


def aimed(code: Any) -> Decided:
    on = planning.context(planning.ASKED_ON)
    return planning.submit(planning.reported(), {**planning.VISIT, "goal": code}, on=on)


OWNERS: dict[tuple[str, Side], tuple[Callable[[Any], Decided], ...]] = {
    ("decline-reasons", "clinic"): (declined,),
    ("next-steps", "clinic"): (stepped,),
    ("first-visit-reasons", "clinic"): (booked, moved),
    ("hold-reasons", "clinic"): (held,),
    ("hold-reasons", "officer"): (held_for_insurer,),
    ("withdrawal-reasons", "officer"): (withdrawn,),
    ("exit-reasons", "clinic"): (ended,),
    ("waiver-reasons", "officer"): (waived,),
    ("return-reasons", "officer"): (returned,),
    ("plan-reasons", "officer"): (decided,),
    ("goals", "clinic"): (aimed,),
}
EVERY = [
    pytest.param(name, side, decide, id=f"{name} {decide.__name__}")
    for (name, side), deciding in OWNERS.items()
    for decide in deciding
]
CODES = {code for found in code_lists().values() for code in found.codes} | {"nonsense", ""}


@pytest.mark.parametrize(("name", "side", "decide"), EVERY)
def test_the_owner_takes_every_code_that_a_page_offers_and_no_other_code_at_all(
    name: str, side: Side, decide: Callable[[Any], Decided]
) -> None:
    offered = choices_on(NOW)(name, side)
    assert offered
    taken = {code for code in CODES if isinstance(decide(code), Outcome)}
    assert taken == offered.keys()
    assert isinstance(decide(None), Refusal)


@pytest.mark.parametrize(("name", "side"), OWNERS)
def test_the_document_of_the_api_lists_what_the_page_offers_and_leaves_the_decision_to_the_owner(
    name: str, side: Side
) -> None:
    member = TypeAdapter(Annotated[str, FromCodeList(name, side)])
    said = on_day(member.json_schema(), NOW)
    assert said["enum"] == list(choices_on(NOW)(name, side))
    assert all(member.validate_python(code) == code for code in (*said["enum"], "nonsense"))
    with pytest.raises(ValidationError):
        member.validate_python("two words")


async def test_the_document_of_the_api_lists_the_codes_of_the_day(portal: World) -> None:
    said = (await portal.client.get("/api/v1/openapi.json")).json()
    listed = {(one["x-code-list"], one["x-used-by"]): one["enum"] for one in coded(said)}
    today = datetime.now(UTC).date()
    assert OWNERS.keys() <= listed.keys()
    assert all(enum == list(code_list(name).on(today, side)) for (name, side), enum in listed.items())


def coded(part: Any) -> Iterator[dict[str, Any]]:
    """Every part of a document that is a code of a list."""
    if isinstance(part, dict):
        if "x-code-list" in part:
            yield part
        for one in part.values():
            yield from coded(one)
    elif isinstance(part, list):
        for one in part:
            yield from coded(one)


CLINIC: frozenset[Side] = frozenset({"clinic"})
BOTH: frozenset[Side] = frozenset({"clinic", "officer"})
ROWS = (
    Code("old", "old", "old", date(2021, 1, 1), NOW - DAY, CLINIC),
    Code("last-day", "last-day", "last-day", date(2021, 1, 1), NOW, CLINIC),
    Code("first-day", "first-day", "first-day", NOW, date.max, BOTH),
    Code("new", "new", "new", NOW + DAY, date.max, CLINIC),
)
LIST = CodeList("of-a-test", "referral", {row.code: row for row in ROWS})


def test_a_code_holds_from_its_first_to_its_last_day_for_those_who_may_use_it() -> None:
    assert list(LIST.on(NOW)) == list(LIST.choices(NOW, "clinic")) == ["last-day", "first-day"]
    assert list(LIST.on(NOW, "officer")) == ["first-day"]
    assert [LIST.allows(code, NOW, "clinic") for code in (*LIST.codes, None, "")] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]


def test_words_of_a_code_are_known_on_any_day_and_an_unknown_code_is_never_shown_as_it_is() -> None:
    assert LIST.label("old") == "old"
    assert (LIST.label(None), LIST.label("")) == ("", "")
    assert "nonsense" not in LIST.label("nonsense") + LIST.sentence("nonsense") + LIST.short("nonsense")


@pytest.mark.parametrize("decide", ["hold", "withdraw"])
def test_the_owner_takes_a_code_from_its_first_day_on_and_not_before(decide: str) -> None:
    first = code_list("hold-reasons").codes["claim-review"].first
    assert first == code_list("withdrawal-reasons").codes["medical"].first
    told = []
    for day in (first - DAY, first):
        story = Story(at=datetime(day.year, day.month, day.day, 19, tzinfo=UTC))
        said = {"by": {"account_id": "c-1", "role": "claims_officer"}, "received_at": story.at, "seen": 1}
        said |= {"idempotency_key": "k", "referral_id": "r-1", "review_on": day + DAY}
        if decide == "hold":
            act = OfficerHeldReferral.model_validate(said | {"reason_code": "claim-review"})
            told.append(decide_officer_action(story.referral, act, story.context))
        else:
            end = OfficerWithdrewReferral.model_validate(said | {"reason_code": "medical"})
            told.append(decide_officer_action(story.referral, end, story.context))
    assert [type(one) for one in told] == [Refusal, Outcome]


def test_a_text_is_asked_for_where_the_list_says_so() -> None:
    for code, one in code_list("decline-reasons").codes.items():
        bare = Story().offer().act(ProviderDeclinedReferral, reason_code=code, next_step="ask-officer")
        assert isinstance(bare, Refusal) is one.asks_text
    asking = {found.name for found in code_lists().values() if any(one.asks_text for one in found)}
    assert asking == {"decline-reasons"}


def names(part: str) -> set[str]:
    return {one.name for one in CONTENTS if one.part == part}


def test_every_coded_member_of_a_contract_has_a_list_that_knows_it() -> None:
    for name, literal in {
        "programs": values.Program,
        "barriers": values.Barrier,
        "disciplines": values.Discipline,
        "claim-standings": values.Standing,
        "body-sides": values.Side,
        "sides": HoldCause,
        "attendance": Attendance,
        "faults": Fault,
        "notice-channels": Channel,
    }.items():
        assert set(get_args(literal)) == code_list(name).codes.keys(), name
    assert names("section") == code_list("report-sections").codes.keys()
    assert names("measure") == code_list("measures").codes.keys()
    assert {one.kind for one in CONTENTS} == code_list("report-kinds").codes.keys()


def test_every_code_of_a_refusal_in_the_source_stands_in_a_list() -> None:
    known = code_list("refusal-codes").codes.keys() | code_list("explanation-codes").codes.keys()
    known |= code_list("plan-reasons").codes.keys() | code_list("return-reasons").codes.keys()
    found = {code: path for path in sources() for code in refused_with(ast.parse(path.read_text()))}
    assert len(found) > 60
    assert {code: path for code, path in found.items() if code not in known} == {}


def sources() -> Iterator[Path]:
    for folder in ("services", "shared"):
        yield from (ROOT / folder).rglob("*.py")


VIOLATIONS = {
    "Violation",
    "Failure",
    "refuse",
    "refuse_action",
    "_refuse_by_state",
    "_wrong_state",
    "violation",
    "flaw",
    "_fault",
    "_wrong",
    "_stands",
    "error",
}


def refused_with(tree: ast.AST) -> Iterator[str]:
    """Literal codes with which a flaw is made."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in VIOLATIONS:
            args = [*node.args[:2], *(k.value for k in node.keywords if k.arg == "code")]
            texts = [a.value for a in args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            yield from (t for t in texts if t.isupper() and t.replace("-", "").replace("_", "").isalpha())


def test_every_explanation_of_a_cut_line_has_its_words() -> None:
    tree = ast.parse(
        (ROOT / "shared/billing/payable.py").read_text() + (ROOT / "shared/billing/adjudication.py").read_text()
    )
    found = set(refused_with(tree)) - {"PAYEE", "DATE-FUTURE", "FIELD-MISSING", "CENTS", "TOTAL", "DATE-ORDER"}
    assert found <= code_list("explanation-codes").codes.keys()


def test_every_list_has_an_owner_and_words_for_every_code() -> None:
    for found in code_lists().values():
        assert found.owner in {"referral", "program", "invoice", "procurement", "notification", "portal"}
        for one in found:
            assert one.label or (found.name, one.code) == ("body-sides", "N")
            assert one.first <= one.last
            assert one.used_by
    for name in ("plan-reasons", "return-reasons"):
        assert all(one.wrong and one.fix for one in code_list(name))


def test_one_list_alone_says_the_rule_behind_each_code_of_a_refusal() -> None:
    refusing = ("refusal-codes", "explanation-codes", "return-reasons")
    told = [one.code for name in refusing for one in code_list(name) if one.about]
    assert sorted(told) == sorted({one.code for name in refusing for one in code_list(name)})
    assert told
    assert set(told) == explained_codes().keys()
    for one in explained_codes().values():
        assert one.about[0].isupper(), one.code
        assert one.about.endswith("."), one.code


def test_every_notice_every_call_and_every_state_has_its_words() -> None:
    told = {rule.on.split(".")[2] for rule in RULES.values()}
    assert told <= labels.NOTICES.keys()
    verbs = {path.rpartition("/")[2] for _, path in ACCESS if "/commands/" in path}
    assert verbs
    shown = {verb for verb in verbs if formatting.done_words({"about": f"/x/{verb}"})[0] == "Done"}
    assert shown == set()


class Offered(HTMLParser):
    """What the lists and the rows of buttons of a page offer, by the name of the field."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, set[str]] = {}
        self._select = ""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        value = said.get("value") or ""
        if tag == "select":
            self._select = said.get("name") or ""
        elif tag == "option" and value:
            self.fields.setdefault(self._select, set()).add(value)
        elif tag == "input" and said.get("type") == "radio":
            self.fields.setdefault(said.get("name") or "", set()).add(value)


R = f"/referrals/{story.NUMBER}"
SENT = treated.sent_in("0192c1f0-0000-7000-8000-000000000001")
FORMS: tuple[tuple[str, str, int, str, str, Side], ...] = (
    ("a-north", f"{R}/answer", 3, "reason_code", "decline-reasons", "clinic"),
    ("a-north", f"{R}/answer", 3, "next_step", "next-steps", "clinic"),
    ("a-north", f"{R}/appointments", 4, "reason_code", "first-visit-reasons", "clinic"),
    ("a-north", f"{R}/appointments", 5, "reason_code", "first-visit-reasons", "clinic"),
    ("a-north", f"{R}/hold", 6, "reason_code", "hold-reasons", "clinic"),
    ("a-north", f"{R}/discharge", 6, "exit_reason", "exit-reasons", "clinic"),
    ("a-north", f"{R}/attendance", 6, "other_status", "attendance", "clinic"),
    ("a-north", f"{R}/plan/edit", 6, "lines.0.goal", "goals", "clinic"),
    ("a-north", f"{R}/plan/edit", 6, "lines.0.discipline", "disciplines", "clinic"),
    ("a-north", f"{R}/reports/initial/about", 7, "author_discipline", "disciplines", "clinic"),
    ("a-officer", f"/officer{R}", 6, "reason_code", "hold-reasons", "officer"),
    ("a-officer", f"/officer{R}/withdraw", 6, "reason_code", "withdrawal-reasons", "officer"),
    ("a-officer", f"/officer{R}/reports/initial", 7, "waive_code", "waiver-reasons", "officer"),
    ("a-officer", f"/officer{R}/plans/1", 9, "lines.0.reason_code", "plan-reasons", "officer"),
    ("a-officer", f"/officer{R}/reports/initial", 0, "return.service_on", "return-reasons", "officer"),
    ("a-officer", f"/officer{R}/reports/initial", 0, "fault", "faults", "officer"),
)


async def test_each_form_offers_the_list_of_its_field_and_its_side(portal: World) -> None:
    events = {0: (*treated.ACTIVE, treated.due(), SENT)}
    today = datetime.now(UTC).date()
    for account, path, told, field, name, side in FORMS:
        await portal.pool.execute("DELETE FROM views")
        await portal.pool.execute("DELETE FROM cases")
        await portal.pool.execute("DELETE FROM papers")
        await portal.hear(story.CALENDAR, *events.get(told, treated.TREATED[:told]))
        async with visiting(portal, account) as visitor:
            page = Offered()
            page.feed(await visitor.open(path))
        assert page.fields.get(field) == choices_on(today)(name, side).keys(), (path, field)


def test_a_program_is_called_as_its_catalogue_calls_it() -> None:
    for path in (ROOT / "services/program/catalogue").glob("*.toml"):
        said = tomllib.loads(path.read_text())
        if "program" in said:
            assert said["name"] == code_list("programs").label(said["program"])
