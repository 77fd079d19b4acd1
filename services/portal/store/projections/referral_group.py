"""Projects a batch of one referral's events in order: its views, its documents, its timeline."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from services.portal.store.case_documents import DocumentProjection, project_documents
from services.portal.store.custody import find_holders, hand_over
from services.portal.store.referral_views import REFERRAL_EVENTS, project_referrals
from services.portal.store.timeline import Readers, project_timeline
from shared.database.postgres import Connection
from shared.domain.decision import Event
from shared.events.answers import DeadlineMoved
from shared.events.referral import (
    ClaimStandingChanged,
    ReferralAccepted,
    ReferralDeclined,
    ReferralLapsed,
    ReferralOfferWithdrawn,
)
from shared.messaging.handlers import ReceivedEvent

DocumentProjections = Mapping[type[Event], DocumentProjection]
_REFERRAL_EVENTS = frozenset(REFERRAL_EVENTS)
_CUSTODY_EVENTS = (ReferralAccepted, ReferralDeclined, ReferralLapsed, ReferralOfferWithdrawn)


async def project_referral_group(
    conn: Connection, received: Sequence[ReceivedEvent], projections: DocumentProjections
) -> None:
    """A batch; what belongs to a referral follows it from site to site."""
    for part in parts_of(received, projections):
        handovers = await project_referrals(conn, [record for record in part if type(record.event) in _REFERRAL_EVENTS])
        await hand_over(conn, handovers)
        documents = await project_documents(
            conn, [record for record in part if type(record.event) in projections], projections
        )
        timeline_events = [record for record in part if _is_on_timeline(type(record.event))]
        holders = await find_holders(conn, (p.referral_id for p in documents)) if documents else {}
        senders = {(p.referral_id, p.name): p.site_id for p in documents if p.kind == "invoice"}
        await project_timeline(conn, timeline_events, Readers(senders, handovers, holders))


def parts_of(received: Sequence[ReceivedEvent], projections: DocumentProjections) -> Iterator[Sequence[ReceivedEvent]]:
    """Yields the batch in parts; a part ends before a referral with documents in the batch moves to or from a site."""
    projected_keys = {record.key for record in received if type(record.event) in projections}
    starts = [
        n
        for n, record in enumerate(received)
        if n and isinstance(record.event, _CUSTODY_EVENTS) and record.key in projected_keys
    ]
    for first, last in pairwise([0, *starts, len(received)]):
        yield received[first:last]


def _is_on_timeline(kind: type[Event]) -> bool:
    """Return whether an event is an entry of its own; a claim's standing and a moved deadline are none."""
    return kind is not ClaimStandingChanged and not issubclass(kind, DeadlineMoved)
