"""Whatever is announced of referrals, in its order: as sites see them, what belongs to them, what happened to them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from services.portal.store.custody import find_holders, hand_over
from services.portal.store.papers import Noun, keep_papers
from services.portal.store.shown import SHOWN, keep_shown
from services.portal.store.timeline import Readers, keep_timeline
from shared.decision import Event
from shared.events.answers import DeadlineMoved
from shared.events.referral import (
    ClaimStandingChanged,
    ReferralAccepted,
    ReferralDeclined,
    ReferralLapsed,
    ReferralOfferWithdrawn,
)
from shared.handlers import Kept
from shared.postgres import Connection

Nouns = Mapping[type[Event], Noun]
_SHOWN = frozenset(SHOWN)
_HANDS = (ReferralAccepted, ReferralDeclined, ReferralLapsed, ReferralOfferWithdrawn)


async def keep_referrals(conn: Connection, kept: Sequence[Kept], nouns: Nouns) -> None:
    """A batch; what belongs to a referral follows it from site to site."""
    for part in parts_of(kept, nouns):
        handovers = await keep_shown(conn, [one for one in part if type(one.event) in _SHOWN])
        await hand_over(conn, handovers)
        papers = await keep_papers(conn, [one for one in part if type(one.event) in nouns], nouns)
        told = [one for one in part if _is_told(type(one.event))]
        holders = await find_holders(conn, (p.referral_id for p in papers)) if papers else {}
        senders = {(p.referral_id, p.name): p.site_id for p in papers if p.kind == "invoice"}
        await keep_timeline(conn, told, Readers(senders, handovers, holders))


def parts_of(kept: Sequence[Kept], nouns: Nouns) -> Iterator[Sequence[Kept]]:
    """The batch, divided before whatever changes the hands of a referral of which the batch tells more."""
    told_of = {one.key for one in kept if type(one.event) in nouns}
    starts = [n for n, one in enumerate(kept) if n and isinstance(one.event, _HANDS) and one.key in told_of]
    for first, last in pairwise([0, *starts, len(kept)]):
        yield kept[first:last]


def _is_told(kind: type[Event]) -> bool:
    """What is said of a claim is no event of a referral; a moved clock is told by what moved it."""
    return kind is not ClaimStandingChanged and not issubclass(kind, DeadlineMoved)
