"""Who may be told: roles, sites, people, and who has to do with which referral."""

from collections.abc import Sequence
from typing import NamedTuple

from services.notification.domain import Case
from services.notification.store.notices import find_open
from shared.decision import Event
from shared.events.person import AccountHolderChanged
from shared.events.portal import RoleGranted, RoleRevoked
from shared.events.procurement import SiteOpened
from shared.events.referral import OfficerAssigned, ReferralCreated, ReferralOffered
from shared.handlers import Kept
from shared.postgres import Connection
from shared.vault import open_people

GRANT = """
INSERT INTO roles (account_id, role, site_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT DO NOTHING
"""
REVOKE = """
DELETE FROM roles
USING unnest($1::text[], $2::text[], $3::text[]) AS u (account_id, role, site_id)
WHERE roles.account_id = u.account_id AND roles.role = u.role AND roles.site_id = u.site_id
"""
KEEP_SITES = """
INSERT INTO sites (site_id, email)
SELECT DISTINCT ON (site_id) site_id, nullif(email, '')
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (site_id, email, place)
ORDER BY site_id, place DESC
ON CONFLICT (site_id) DO UPDATE SET email = excluded.email
"""
KEEP_PEOPLE = """
INSERT INTO people (person_key, sealed)
SELECT DISTINCT ON (person_key) person_key, sealed
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (person_key, sealed, place)
ORDER BY person_key, place DESC
ON CONFLICT (person_key) DO UPDATE SET sealed = excluded.sealed
"""
KEEP_CASES = """
INSERT INTO cases AS c (referral_id, number, officer_id, site_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
ON CONFLICT (referral_id) DO UPDATE
SET number = coalesce(nullif(excluded.number, ''), c.number),
    officer_id = coalesce(nullif(excluded.officer_id, ''), c.officer_id),
    site_id = coalesce(nullif(excluded.site_id, ''), c.site_id)
"""
CASES = """
SELECT referral_id, number, officer_id, site_id FROM cases
WHERE referral_id = ANY($1)
"""
ROLES = """
SELECT site_id, role, account_id FROM roles
WHERE site_id = ANY($1)
ORDER BY site_id, role, account_id
"""
ADDRESSES = """
SELECT site_id, email FROM sites
WHERE site_id = ANY($1) AND email IS NOT NULL
"""
SEALED = """
SELECT person_key, sealed FROM people
WHERE person_key = ANY($1)
"""


class About(NamedTuple):
    """Facts of a batch: cases by referral, accounts by site and role, open notices by referral."""

    cases: dict[str, Case]
    accounts: dict[tuple[str, str], list[str]]
    open: dict[str, list[str]]


async def keep_roles(conn: Connection, kept: Sequence[Kept]) -> None:
    """Granted and revoked, in their order."""
    last: dict[tuple[str, str, str], bool] = {}
    for one in kept:
        if isinstance(one.event, RoleGranted | RoleRevoked):
            event = one.event
            last[event.account_id, event.role, event.site_id or ""] = isinstance(event, RoleGranted)
    for statement, granted in ((GRANT, True), (REVOKE, False)):
        if rows := [role for role, holds in last.items() if holds is granted]:
            await conn.execute(statement, *zip(*rows, strict=True))


async def keep_sites(conn: Connection, kept: Sequence[Kept]) -> None:
    """Business contacts of sites."""
    rows = [(e.site_id, e.email or "") for k in kept if isinstance(e := k.event, SiteOpened)]
    await conn.execute(KEEP_SITES, *zip(*rows, strict=True))


async def keep_people(conn: Connection, kept: Sequence[Kept]) -> None:
    """Account holders, sealed as they came."""
    rows = [(k.key, e.sealed) for k in kept if isinstance(e := k.event, AccountHolderChanged)]
    await conn.execute(KEEP_PEOPLE, *zip(*rows, strict=True))


async def keep_cases(conn: Connection, kept: Sequence[Kept]) -> None:
    """Number, officer and site of each referral, as far as they were said."""
    found: dict[str, Case] = {}
    for one in kept:
        case = found.get(one.key, Case())
        match one.event:
            case ReferralCreated(number=number):
                case = case._replace(number=number)
            case OfficerAssigned(officer=officer):
                case = case._replace(officer_id=officer.id)
            case ReferralOffered(site_id=site_id, number=number):
                case = case._replace(site_id=site_id, number=number)
        found[one.key] = case
    rows = [(referral_id, *case) for referral_id, case in sorted(found.items())]
    await conn.execute(KEEP_CASES, *zip(*rows, strict=True))


async def about_referrals(conn: Connection, events: Sequence[Event]) -> About:
    """What the rules need to know of the referrals of a batch."""
    ids = sorted({event.key for event in events})
    cases = {id_: Case(*others) for id_, *others in map(tuple, await conn.fetch(CASES, ids))}
    named = {site for event in events if (site := getattr(event, "site_id", None))}
    sites = sorted({case.site_id for case in cases.values() if case.site_id} | named)
    accounts: dict[tuple[str, str], list[str]] = {}
    for site_id, role, account_id in await conn.fetch(ROLES, sites):
        accounts.setdefault((site_id, role), []).append(account_id)
    return About(cases, accounts, await find_open(conn, ids))


async def find_addresses(conn: Connection, recipients: Sequence[str]) -> dict[str, str]:
    """Where to mail: an account's own address, a site's business contact."""
    found: dict[str, str] = {row["site_id"]: row["email"] for row in await conn.fetch(ADDRESSES, recipients)}
    keys = [f"account/{recipient}" for recipient in recipients]
    sealed = {row["person_key"]: row["sealed"] for row in await conn.fetch(SEALED, keys)}
    for key, identity in (await open_people(conn, sealed)).items():
        if identity.email:
            found[key.removeprefix("account/")] = identity.email
    return found
