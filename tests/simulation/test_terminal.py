"""The terminal tells what happens by the names of clinics, with totals, and keeps the way in in sight."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from shared.codes import code_list
from shared.events import catalogue, contracts
from shared.events.examples import example_of
from simulation.audit.waiting import Waiting
from simulation.clients.topics import Announced, StoredRecord
from simulation.run.event_lines import EventLines, Totals
from simulation.run.play import Progress
from simulation.run.terminal import Terminal

NOON = datetime(2024, 10, 21, 19, tzinfo=UTC)
MINE, OTHER = "s-1", "s-2"
PORTAL = "http://127.0.0.1:8080"


def event(name: str, key: str, /, **data: Any) -> Announced:
    owner = name.split(".", maxsplit=1)[0]
    topic = f"rehab-{owner}"
    return Announced(
        topic, key, 1, "e", f"rehab.{name}.v1", NOON, "", data, StoredRecord(topic, 0, 0, NOON, b"", (), b"")
    )


SITES = [
    event("procurement.site-opened", MINE, site_id=MINE, name="Cedar Ridge, Vancouver"),
    event("procurement.site-opened", OTHER, site_id=OTHER, name="Tidewater, Nanaimo"),
]
CREATED = event("referral.referral-created", "r-1", number="R-24-1", claim_number="17")


def offered(site: str) -> Announced:
    return event("referral.referral-offered", "r-1", number="R-24-1", site_id=site, rank=1)


def terminal(width: int = 100, *, is_terminal: bool = False) -> tuple[Terminal, io.StringIO]:
    board = Terminal(frozenset({MINE}), PORTAL, ["  clinician  c@cedar.example  word"], lambda: "slow")
    said = io.StringIO()
    board._console = Console(file=said, width=width, height=40, force_terminal=is_terminal, highlight=False)
    return board, said


def progress(*news: Announced, now: datetime = NOON, is_past: bool = False) -> Progress:
    return Progress(now, 0, 1, Waiting(), news, is_past)


def test_a_clinic_is_called_by_its_name_and_a_code_by_words() -> None:
    lines = EventLines()
    for one in (*SITES, CREATED):
        lines.tell(one)
    declined = event("referral.referral-declined", "r-1", site_id=OTHER, reason_code="no-capacity")
    assert lines.tell(declined).endswith(
        "R-24-1        declined by Tidewater, Nanaimo: no room for a first visit in time"
    )


CODED = (
    ("referral.referral-declined", "reason_code", "decline-reasons", "declined by a clinic: {}"),
    ("referral.referral-held", "cause", "sides", "on hold because of {}"),
    ("referral.referral-withdrawn", "cause", "sides", "withdrawn because of {}"),
    ("program.program-ended", "exit_reason", "exit-reasons", "treatment ends: {}"),
    ("program.report-accepted", "report", "report-kinds", "the {} is accepted"),
)


@pytest.mark.parametrize(("name", "member", "listed", "sentence"), CODED)
def test_a_line_says_each_code_in_the_words_of_its_list(name: str, member: str, listed: str, sentence: str) -> None:
    for code in code_list(listed):
        line = EventLines().tell(event(name, "r-1", **{member: code.code}))
        assert line.endswith(f"  {sentence.format(code.sentence)}")


def test_a_line_says_what_an_invoice_waits_for_and_which_report_was_accepted() -> None:
    pended = event("invoice.invoice-pended", "r-1", number="24-1", waits_for=["report", "claim"])
    assert (
        EventLines()
        .tell(pended)
        .endswith("invoice 24-1 waits for its report to be accepted and the claim to be decided")
    )
    accepted = event("program.report-accepted", "r-1", report="progress-2", business_days_late=1)
    assert EventLines().tell(accepted).endswith("the progress report 2 is accepted, 1 business day late")


def test_days_and_instants_are_said_as_people_write_them() -> None:
    lines = EventLines()
    lines.tell(SITES[0])
    booked = event("referral.appointment-booked", "r-1", site_id=MINE, starts_at="2024-10-24T16:30:00Z")
    assert lines.tell(booked).endswith("first visit at Cedar Ridge, Vancouver on Thu 24 Oct 2024, 09:30")


def golden() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, kind in sorted(catalogue.every().items()):
        if name.startswith("rehab."):
            yield name, example_of(kind)
            needed = {field for field, info in kind.model_fields.items() if info.is_required()}
            yield name, {field: value for field, value in example_of(kind).items() if field in needed}


@pytest.mark.parametrize(("name", "data"), list(golden()))
def test_every_event_is_told_in_words_or_not_at_all(name: str, data: dict[str, Any]) -> None:
    line = EventLines().tell(event(name.removeprefix("rehab.").removesuffix(".v1"), "r-1", **data))
    assert not {"None", "_", "T00:", "{", "()"} & set(line.split()), line
    assert "None" not in line
    assert name not in line


def test_what_concerns_the_clinic_that_people_play_is_marked_until_it_is_another_clinics() -> None:
    lines = EventLines(frozenset({MINE}))
    seen = []
    for one in (CREATED, offered(MINE), event("program.plan-submitted", "r-1", plan=1), offered(OTHER)):
        lines.tell(one)
        seen.append(lines.is_by_hand(one))
    assert seen == [False, True, True, False]


def test_the_first_offer_to_that_clinic_says_where_to_go_and_that_the_days_go_slowly() -> None:
    board, said = terminal()
    board(progress(*SITES, CREATED, offered(MINE)))
    assert "> Your clinic has its first offer." in said.getvalue()
    assert f"{PORTAL}/referrals/R-24-1" in said.getvalue()
    before = len(said.getvalue())
    board(progress(offered(MINE)))
    assert "first offer" not in said.getvalue()[before:]


def test_what_happened_before_this_start_is_counted_and_not_told_again() -> None:
    board, said = terminal()
    board(progress(*SITES, CREATED, is_past=True))
    assert said.getvalue() == ""
    assert "1 admitted" in str(board._totals)


def test_a_log_has_the_totals_of_each_day_and_says_how_long_nothing_happened() -> None:
    board, said = terminal()
    board(progress(*SITES, CREATED))
    board(progress(offered(OTHER), now=NOON + timedelta(days=12)))
    assert "11 days without news" in said.getvalue()
    assert "$0.00 paid · 1 admitted" in said.getvalue()


def test_a_terminal_keeps_portal_accounts_date_pace_and_totals_in_sight() -> None:
    board, said = terminal(is_terminal=True)
    board(progress(*SITES, CREATED))
    board._console.print(board._footer())
    for part in (PORTAL, "c@cedar.example", "Monday, 21 October 2024", "the days go: slow", "1 admitted"):
        assert part in said.getvalue()


def test_money_is_totalled_from_remittances() -> None:
    totals = Totals()
    for cents in (12345, 100000):
        totals.count(event("invoice.remittance-issued", "p-1", payee_id="p-1", cents=cents))
    assert "$1,123.45 paid" in str(totals)


def test_the_sentences_are_of_events_that_exist() -> None:
    from simulation.run import event_lines  # noqa: PLC0415 - only here

    known = {name.split(".")[2] for name in catalogue.every() if name.startswith("rehab.")}
    assert {*event_lines._SENTENCES, *event_lines._TOTALS} <= known
    assert contracts.EXAMPLES.exists()
