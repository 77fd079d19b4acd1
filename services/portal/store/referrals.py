"""Whatever is announced of referrals, in its order: as sites see them, what belongs to them, what happened to them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from services.portal.store.case_documents import DocumentProjection, project_documents
from services.portal.store.custody import find_holders, hand_over
from services.portal.store.referral_views import SHOWN, project_referrals
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

Nouns = Mapping[type[Event], DocumentProjection]
_SHOWN = frozenset(SHOWN)
_HANDS = (ReferralAccepted, ReferralDeclined, ReferralLapsed, ReferralOfferWithdrawn)


async def project_referral_group(conn: Connection, received: Sequence[ReceivedEvent], projections: Nouns) -> None:
    """A batch; what belongs to a referral follows it from site to site."""
    for part in parts_of(received, projections):
        handovers = await project_referrals(conn, [one for one in part if type(one.event) in _SHOWN])
        await hand_over(conn, handovers)
        documents = await project_documents(conn, [one for one in part if type(one.event) in projections], projections)
        told = [one for one in part if _is_told(type(one.event))]
        holders = await find_holders(conn, (p.referral_id for p in documents)) if documents else {}
        senders = {(p.referral_id, p.name): p.site_id for p in documents if p.kind == "invoice"}
        await project_timeline(conn, told, Readers(senders, handovers, holders))


def parts_of(received: Sequence[ReceivedEvent], projections: Nouns) -> Iterator[Sequence[ReceivedEvent]]:
    """The batch, divided before whatever changes the hands of a referral of which the batch tells more."""
    told_of = {one.key for one in received if type(one.event) in projections}
    starts = [n for n, one in enumerate(received) if n and isinstance(one.event, _HANDS) and one.key in told_of]
    for first, last in pairwise([0, *starts, len(received)]):
        yield received[first:last]


def _is_told(kind: type[Event]) -> bool:
    """What is said of a claim is no event of a referral; a moved clock is told by what moved it."""
    return kind is not ClaimStandingChanged and not issubclass(kind, DeadlineMoved)
