"""A ledger without a database, in which notices are queued, settled, seen and escalated as the service does it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from services.notification.domain.case import Case, follow
from services.notification.domain.following import act_on, escalate, see
from services.notification.domain.notice import Notice
from services.notification.domain.notifying import NotificationContext, notify
from services.notification.domain.register import Register
from services.notification.store.rules import RULES
from shared.domain.calendar import Calendar
from shared.domain.decision import Decision, Event, EventContext, Outcome, SetTimer
from shared.events.examples import example_of
from shared.events.procurement import ContractActivated

E = TypeVar("E", bound=Event)
NOON = datetime(2024, 11, 5, 20, tzinfo=UTC)  # Tuesday, noon in Vancouver
BC = Calendar("bc", holidays=frozenset({date(2024, 11, 11)}))
REFERRAL = "7b0c2a4e-5d1f-5a3c-9e8b-1f2d3c4b5a69"
CASE = Case(REFERRAL, 1, "R-24-7K3M9QXZ", "U0101", "s-1", "c-1")
ACCOUNTS = {
    ("s-1", "clinician"): ["a-1-clinician"],
    ("s-1", "biller"): ["a-1-biller"],
    ("s-1", "administrator"): ["a-administrator"],
    ("s-2", "clinician"): ["a-2-clinician", "a-2-other"],
    ("s-2", "biller"): ["a-1-biller", "a-2-biller"],
    ("", "program_officer"): ["a-program"],
    ("", "payment_officer"): ["a-payment", "a-payment-too"],
    ("", "operations"): ["a-operations"],
}


def contract(revision: int, holds_from: date, *reviewed: str) -> ContractActivated:
    example = example_of(ContractActivated)
    named = {"contract_id": "c-1", "revision": revision, "holds_from": holds_from, "reviewed_reports": reviewed}
    return ContractActivated.model_validate(example | named)


CONTRACTS = {"c-1": [contract(1, date(2024, 1, 1)), contract(2, date(2024, 11, 10), "initial")]}
REGISTER = Register(ACCOUNTS, {"p-1": ["s-1", "s-2", "s-3"]}, CONTRACTS, BC)


def event(kind: type[E], /, **members: Any) -> E:
    """The golden example of an event, with other values of some members."""
    example = example_of(kind) | {"referral_id": REFERRAL, "site_id": "s-1", "times": 2, "approvals_needed": 1}
    return kind.model_validate(example | members)


class Ledger:
    """Notices, the events that were queued, and the timers that are set."""

    def __init__(self, case: Case = CASE, register: Register = REGISTER) -> None:
        self.case, self.register = case, register
        self.notices: dict[str, Notice] = {}
        self.announced: list[Event] = []
        self.clocks: dict[str, SetTimer] = {}
        self._causes = 0

    def hear(self, received: Event, *, at: datetime = NOON, read_at: datetime | None = None) -> Outcome:
        event_context = self._event_context(received.key, at, read_at)
        self.case = follow(self.case, received)
        about = [n for n in self.notices.values() if n.concerns == received.key]
        settled = self._note(act_on(about, received, RULES))
        rules = [rule for rule in RULES.values() if rule.on == received.type_name]
        queued = self._note(
            notify(received, NotificationContext(rules, self.case, self.register, received.key), event_context)
        )
        return Outcome(settled.changed + queued.changed, settled.events + queued.events, settled.timers + queued.timers)

    def see(self, notice_id: str) -> Decision:
        decision = see(self.notices.get(notice_id), list(self.notices.values()))
        return self._note(decision) if isinstance(decision, Outcome) else decision

    def wake(self, group_id: str, *, read_at: datetime | None = None) -> Outcome:
        """Fire the timer of a group of notices."""
        due_at = self.clocks.pop(group_id).due_at or NOON
        group = [n for n in self.notices.values() if n.group_id == group_id]
        rules = [rule for rule in RULES.values() if rule.is_escalation]
        context = NotificationContext(rules, self.case, self.register, group[0].concerns)
        return self._note(
            escalate(group, RULES[group[0].rule], context, self._event_context(group_id, due_at, read_at))
        )

    def by(self, rule: str) -> list[Notice]:
        """Notices of one rule, in the order in which they were queued."""
        return [n for n in self.notices.values() if n.rule == rule]

    def words(self, start: int = 0) -> list[str]:
        return [e.type_name.split(".")[2] for e in self.announced[start:]]

    def _event_context(self, key: str, at: datetime, read_at: datetime | None) -> EventContext:
        self._causes += 1
        return EventContext(f"cause-{self._causes}", "c", key, at, read_at or at + timedelta(seconds=1))

    def _note(self, outcome: Outcome) -> Outcome:
        for notice in outcome.changed:
            assert isinstance(notice, Notice)
            self.notices[notice.id] = notice
        self.announced += outcome.events
        for timer in outcome.timers:
            if timer.due_at:
                self.clocks[timer.key] = timer
            else:
                self.clocks.pop(timer.key, None)
        return outcome
