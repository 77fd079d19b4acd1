"""The rules are data that can be relied on: known events, known roles, and words that say nothing about anybody."""

import re
import string
from datetime import timedelta

import pytest

from services.notification.app import _message, service
from services.notification.domain.notice import Notice
from services.notification.domain.notifying import CLINIC
from services.notification.domain.register import OFFICER
from services.notification.domain.rule import Rule
from services.notification.store.rules import RULES
from shared.events import catalogue
from shared.events.notification import NoticeEscalated, NoticeQueued
from tests.notification.ledger import NOON, Ledger, event

EVENTS = catalogue.every()
BY_NAME = {name.split(".")[2]: event for name, event in EVENTS.items() if event.topic != "rehab-notification"}
INSURER = {OFFICER, "program_officer", "payment_officer", "operations"}
ALL = pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in RULES.items()])
TOLD = {
    "clinician": {
        "referral-offered", "referral-lapsed", "referral-offer-withdrawn", "referral-held", "referral-resumed",
        "referral-withdrawn", "referral-discharged", "obligation-reminded", "report-returned", "plan-approved",
        "plan-declined", "plan-deemed-approved", "plan-information-requested",
    },
    "biller": {
        "invoice-returned", "invoice-pended", "invoice-rejected", "invoice-partially-approved", "invoice-approved",
        "remittance-issued",
    },
    OFFICER: {
        "plan-submitted", "plan-clock-resumed", "plan-decision-overdue", "plan-deemed-approved", "report-submitted",
        "obligation-reminded", "appointment-missed", "referral-unplaced", "referral-lapsed", "worker-far-away",
        "referral-held", "notice-escalated",
    },
    "payment_officer": {"run-frozen"},
    "program_officer": {"obligation-reminded", "notice-escalated"},
    "administrator": {"notice-escalated"},
    "operations": {"notice-escalated"},
}  # fmt: skip


def test_everybody_is_told_what_concerns_them() -> None:
    by_role: dict[str, set[str]] = {}
    for rule in RULES.values():
        by_role.setdefault(rule.to, set()).add(rule.on.split(".")[2])
    assert by_role == TOLD


@ALL
def test_a_rule_names_an_event_that_the_service_listens_to_and_a_role(rule: Rule) -> None:
    assert rule.on in EVENTS
    assert rule.is_escalation or EVENTS[rule.on] in service.handlers.rules
    assert rule.to in {*CLINIC, *INSURER}


@ALL
def test_a_rule_bounds_and_names_only_what_its_event_says(rule: Rule) -> None:
    members = EVENTS[rule.on].model_fields
    assert {rule.document, *rule.only, *rule.at_least, *rule.at_most} - {""} <= members.keys()


@ALL
def test_an_event_that_settles_a_notice_has_its_key_and_names_its_document(rule: Rule) -> None:
    for name, member in rule.acted_on_by.items():
        event = BY_NAME[name]
        assert event in service.handlers.rules
        assert event.key_field == EVENTS[rule.on].key_field
        assert not member or (rule.document and member in event.model_fields)


@ALL
def test_a_notice_is_useful_for_half_a_day_at_least_and_forty_days_at_most(rule: Rule) -> None:
    assert timedelta(hours=12) <= rule.useful <= timedelta(days=40)


@ALL
def test_a_notice_says_a_number_a_link_and_nothing_about_anybody(rule: Rule) -> None:
    for text in (rule.subject, rule.link, rule.text):
        fields = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert fields <= {rule.subject: {"number"}, rule.link: {"number", "document"}, rule.text: set()}[text]


@ALL
def test_a_queued_notice_has_the_subject_and_the_link_of_its_mail(rule: Rule) -> None:
    notice = Notice("n", 1, "a", rule.name, "r", "r", "7", "", "queued", 0, None, NOON, number="R-24-1")
    mail = _message(notice, "somebody@example.test")
    ledger = Ledger()
    ledger.hear(event(EVENTS[rule.on])) if not rule.is_escalation else None
    for queued in (e for e in ledger.announced if isinstance(e, NoticeQueued) and e.rule == rule.name):
        assert queued.subject == rule.subject.format(number=queued.number)
        assert queued.link == rule.path(queued.number or "", ledger.notices[queued.notice_id].document)
    assert mail["Subject"] == rule.subject.format(number="R-24-1")
    assert f"/{rule.path('R-24-1', '7')}\n" in str(mail.get_payload())
    assert "{" not in str(mail)


PROMISED = re.compile("disput|side by side|certificate|shows whom|shows the distance|shows why", re.IGNORECASE)


@ALL
def test_a_notice_promises_nothing_that_no_page_shows(rule: Rule) -> None:
    assert not PROMISED.search(rule.subject + rule.text)


@ALL
def test_every_notice_stands_in_the_portal(rule: Rule) -> None:
    assert set(rule.channels) in ({"portal"}, {"portal", "email"})


@ALL
def test_an_escalation_goes_to_a_role_that_has_a_rule_for_it_and_no_further(rule: Rule) -> None:
    if rule.escalation is None:
        return
    assert not rule.is_escalation
    assert bool(rule.escalation.hours) != bool(rule.escalation.business_days)
    assert rule.escalation.to != rule.to
    assert [r.to for r in RULES.values() if r.is_escalation].count(rule.escalation.to) == 1


@ALL
def test_a_notice_that_asks_for_something_is_mailed_and_has_an_escalation(rule: Rule) -> None:
    if rule.escalation:
        assert "email" in rule.channels
        assert rule.acted_on_by


def test_each_escalation_rule_is_the_next_step_of_a_rule() -> None:
    ends = {rule.to for rule in RULES.values() if rule.on == NoticeEscalated.type_name}
    assert ends == {rule.escalation.to for rule in RULES.values() if rule.escalation}
