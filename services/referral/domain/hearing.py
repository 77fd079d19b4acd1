"""One event of the claims system, as it concerns a claim and the people it names."""

from collections.abc import Mapping

from services.referral.domain.claim import Claim, add_fact
from services.referral.domain.facts import Factual, fact_of
from services.referral.domain.person import Person, identify, people_of
from shared.domain.calendar import Calendar
from shared.domain.decision import EventContext, Outcome
from shared.events.claims import ClaimAccepted, WorkerContactChanged


def apply(
    event: Factual,
    claim: Claim | None,
    people: Mapping[str, Person],
    *,
    event_context: EventContext,
    calendar: Calendar,
) -> Outcome:
    """The insurer says something: the claim's standing and the people it names follow."""
    person_id = event.worker.worker_id if isinstance(event, ClaimAccepted) else ""
    fact = fact_of(event, said_at=event_context.source_time or event_context.at, calendar=calendar)
    claimed = add_fact(
        claim or Claim(event.claim_number), fact, at=event_context.at, calendar=calendar, person_id=person_id
    )
    known = introduce(event, people, event_context=event_context)
    return claimed._replace(changed=claimed.changed + known.changed, events=claimed.events + known.events)


def introduce(
    event: Factual | WorkerContactChanged, people: Mapping[str, Person], *, event_context: EventContext
) -> Outcome:
    """Those whom an event names are known better; `people` holds who is known already, by `kind/id`."""
    said_at = event_context.source_time or event_context.at
    found = [identify(people.get(id_) or Person(id_), said, said_at=said_at) for id_, said in people_of(event).items()]
    return Outcome(tuple(p for f in found for p in f.changed), tuple(e for f in found for e in f.events))
