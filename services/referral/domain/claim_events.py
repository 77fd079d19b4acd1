"""An event of the claims system, applied to a claim and the people it names."""

from collections.abc import Mapping

from services.referral.domain.claim import Claim, add_fact
from services.referral.domain.facts import ClaimFactEvent, fact_of
from services.referral.domain.person import Person, identify, people_of
from shared.domain.calendar import Calendar
from shared.domain.decision import EventContext, Outcome
from shared.events.claims import ClaimAccepted, WorkerContactChanged


def apply(
    event: ClaimFactEvent,
    claim: Claim | None,
    people: Mapping[str, Person],
    *,
    event_context: EventContext,
    calendar: Calendar,
) -> Outcome:
    """Apply an event to the standing of a claim, which may be new, and to the people it names."""
    person_id = event.worker.worker_id if isinstance(event, ClaimAccepted) else ""
    fact = fact_of(event, said_at=event_context.source_time or event_context.at, calendar=calendar)
    claimed = add_fact(
        claim or Claim(event.claim_number), fact, at=event_context.at, calendar=calendar, person_id=person_id
    )
    known = identify_people(event, people, event_context=event_context)
    return claimed._replace(changed=claimed.changed + known.changed, events=claimed.events + known.events)


def identify_people(
    event: ClaimFactEvent | WorkerContactChanged, people: Mapping[str, Person], *, event_context: EventContext
) -> Outcome:
    """Add what an event says of people; `people` holds those who are known already, by `kind/id`."""
    said_at = event_context.source_time or event_context.at
    outcomes = [
        identify(people.get(id_) or Person(id_), attributes, said_at=said_at)
        for id_, attributes in people_of(event).items()
    ]
    return Outcome(tuple(p for o in outcomes for p in o.changed), tuple(e for o in outcomes for e in o.events))
