"""The assignment of claims officers, by dated pools of the health authorities."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from shared.events.values import Officer
from shared.placement.geo import health_authorities


class Member(NamedTuple):
    """An officer in a pool, from a first to a last day."""

    officer_id: str
    from_on: date
    to_on: date


Pools: TypeAlias = Mapping[str, Sequence[Member]]
_ANY = "any"


def assign(pools: Pools, community: str, claim_number: str, day: date) -> Officer:
    """Return the officer at claim number modulo pool size in the health authority's pool; an empty pool itself."""
    authority = health_authorities().get(community, _ANY)
    members = [m.officer_id for m in pools.get(authority, ()) if m.from_on <= day <= m.to_on]
    if not members:
        return Officer(kind="pool", id=authority)
    return Officer(kind="officer", id=members[int(claim_number) % len(members)])
