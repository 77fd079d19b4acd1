"""The tables of actions and events: complete, and each entry with a decision made for it."""

from typing import get_type_hints

import pytest

from services.program.handlers import CASE_EVENTS, CLINIC_ACTIONS, DECISIONS, OFFICER_ACTIONS
from shared.domain.decision import Event, Outcome
from shared.domain.transition import Transition
from shared.events import catalogue
from shared.events.portal import ClinicAction, OfficerAction
from shared.events.program import AttendanceRecorded
from tests.program.context import VISIT_ON, answer, context, started
from tests.program.test_case import WITHDRAWN


@pytest.mark.parametrize("event", DECISIONS, ids=lambda event: event.__name__)
def test_each_event_has_a_decision_that_takes_it(event: type[Event]) -> None:
    decide = DECISIONS[event]
    parameters = [hint for name, hint in get_type_hints(decide).items() if name != "return"]
    assert parameters[1] is event


def test_every_action_that_program_answers_stands_in_a_table() -> None:
    answered = {e for e in catalogue.every().values() if e.roles and e.answered_by == "program"}
    assert answered == {*CLINIC_ACTIONS, *OFFICER_ACTIONS}
    assert all(issubclass(action, ClinicAction) for action in CLINIC_ACTIONS)
    assert all(issubclass(action, OfficerAction) for action in OFFICER_ACTIONS)
    assert not answered & CASE_EVENTS.keys()


def test_an_event_of_a_referral_without_a_case_changes_nothing() -> None:
    assert answer(None, WITHDRAWN, context(VISIT_ON)) == Outcome()


def test_a_member_that_the_contract_lacks_is_not_announced() -> None:
    with pytest.raises(TypeError, match="AttendanceRecorded has no member day"):
        Transition.of(started()).announce(AttendanceRecorded, days=(), day=VISIT_ON)
