"""Which site has a referral, and with it its plans, reports and attendance; an invoice stays with who sent it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.database.postgres import Connection
from shared.events.referral import ReferralAccepted
from shared.messaging.handlers import ReceivedEvent

TAKE = """
UPDATE papers SET site_id = u.site_id, changed = nextval('view_changes')
FROM unnest($1::text[], $2::text[]) AS u (referral_id, site_id)
WHERE papers.referral_id = u.referral_id AND papers.kind <> 'invoice' AND papers.site_id IS DISTINCT FROM u.site_id
"""
FORGET = """
DELETE FROM papers_left
USING unnest($1::text[], $2::text[]) AS u (referral_id, site_id)
WHERE papers_left.referral_id = u.referral_id AND papers_left.site_id = u.site_id
"""
# a site that had the referral keeps what it saw last; one that was only asked keeps nothing
LEAVE = """
WITH gone AS (
    UPDATE papers SET site_id = NULL
    FROM unnest($1::text[], $2::text[], $3::boolean[]) AS u (referral_id, site_id, had)
    WHERE papers.referral_id = u.referral_id AND papers.site_id = u.site_id AND papers.kind <> 'invoice'
    RETURNING papers.referral_id, u.site_id, papers.kind, papers.name, papers.state, papers.revision, papers.body, u.had
)
INSERT INTO papers_left (referral_id, site_id, kind, name, state, revision, body, changed)
SELECT referral_id, site_id, kind, name, state, revision, body, nextval('view_changes') FROM gone
WHERE had
ON CONFLICT (referral_id, site_id, kind, name) DO UPDATE
SET state = excluded.state, revision = excluded.revision, body = excluded.body, changed = excluded.changed
"""
REMEMBER = """
UPDATE timeline SET left_with = left_with || to_jsonb(u.site_id)
FROM unnest($1::text[], $2::text[], $3::boolean[]) AS u (referral_id, site_id, had)
WHERE u.had AND timeline.referral_id = u.referral_id AND timeline.site_id IS NULL AND NOT left_with ? u.site_id
"""
HOLDERS = """
SELECT c.referral_id, c.site_id, c.state, v.site_id AS former, v.left_at
FROM cases AS c
LEFT JOIN views AS v ON v.referral_id = c.referral_id AND v.left_at IS NOT NULL
WHERE c.referral_id = ANY($1)
ORDER BY v.left_at
"""
_ASKED = frozenset({"offered", "acknowledged"})


class Handover(NamedTuple):
    """A site took the referral, or lost it; `had` where it was not only asked. `sequence` is the event's place."""

    referral_id: str
    site_id: str
    sequence: int
    is_taken: bool
    had: bool = True

    def is_after(self, one: ReceivedEvent) -> bool:
        """Returns whether the handover came after a record of the referral's own topic; False for other topics."""
        return one.event.topic == ReferralAccepted.topic and one.sequence < self.sequence


class Holder(NamedTuple):
    """The site that has a referral or is asked to take it, and those that had it, with the instant they lost it."""

    site_id: str | None = None
    is_asked: bool = False
    former: Mapping[str, datetime] = {}

    def had_at(self, at: datetime) -> list[str]:
        """Returns the sites that have lost the referral since an instant."""
        return [site for site, left_at in self.former.items() if at < left_at]

    def of_new(self, at: datetime) -> str | None:
        """Returns the site of a new plan or report; None where the site is only asked and an earlier one had it."""
        return None if self.is_asked and self.had_at(at) else self.site_id

    @property
    def biller(self) -> str | None:
        """The site that sent an invoice which does not name its sender."""
        return self.site_id or next(reversed(list(self.former)), None)


async def find_holders(conn: Connection, referral_ids: Iterable[str]) -> Mapping[str, Holder]:
    """Returns the holders of referrals as the referrals' own events left them."""
    found: dict[str, Holder] = {}
    for referral_id, site_id, state, former, left_at in await conn.fetch(HOLDERS, sorted(set(referral_ids))):
        known = found.get(referral_id) or Holder(site_id, state in _ASKED)
        found[referral_id] = known._replace(former={**known.former, former: left_at}) if former else known
    return found


async def hand_over(conn: Connection, handovers: Sequence[Handover]) -> None:
    """Moves stored documents with each handover; those of one referral in their order."""
    waiting = list(handovers)
    while waiting:
        first = {one.referral_id: one for one in reversed(waiting)}
        waiting = [one for one in waiting if first[one.referral_id] is not one]
        left = [(one.referral_id, one.site_id, one.had) for one in first.values() if not one.is_taken]
        taken = [(one.referral_id, one.site_id) for one in first.values() if one.is_taken]
        if left:
            await conn.execute(LEAVE, *zip(*left, strict=True))
            await conn.execute(REMEMBER, *zip(*left, strict=True))
        if taken:
            await conn.execute(TAKE, *zip(*taken, strict=True))
            await conn.execute(FORGET, *zip(*taken, strict=True))
