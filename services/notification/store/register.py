"""The tables by which recipients are found: roles, sites, people, contracts and calendars, as announced."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from services.notification.domain.register import Register
from shared.database.postgres import Connection
from shared.events.person import AccountHolderChanged
from shared.events.portal import RoleGranted, RoleRevoked
from shared.events.procurement import CalendarPublished, ContractActivated, SiteOpened
from shared.messaging.encryption import open_people
from shared.messaging.handlers import ReceivedEvent
from shared.registers import cached_table
from shared.registers.replicated_register import ReplicatedRegister

REPLICA = ReplicatedRegister("terms", (ContractActivated, CalendarPublished), cached_as="register")
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
UPSERT_SITES = """
INSERT INTO sites (site_id, email, payee_id)
SELECT DISTINCT ON (site_id) site_id, nullif(email, ''), payee_id
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS u (site_id, email, payee_id, place)
ORDER BY site_id, place DESC
ON CONFLICT (site_id) DO UPDATE SET email = excluded.email, payee_id = excluded.payee_id
"""
UPSERT_PEOPLE = """
INSERT INTO people (person_key, sealed)
SELECT DISTINCT ON (person_key) person_key, sealed
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (person_key, sealed, place)
ORDER BY person_key, place DESC
ON CONFLICT (person_key) DO UPDATE SET sealed = excluded.sealed
"""
ROLES = """
SELECT site_id, role, account_id FROM roles
ORDER BY site_id, role, account_id
"""
SITES = """
SELECT payee_id, array_agg(site_id ORDER BY site_id) FROM sites
GROUP BY payee_id
"""
ADDRESSES = """
SELECT site_id, email FROM sites
WHERE site_id = ANY($1) AND email IS NOT NULL
"""
SEALED = """
SELECT person_key, sealed FROM people
WHERE person_key = ANY($1)
"""


async def project_roles(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Store roles as granted and revoked, the last event of each role deciding."""
    last: dict[tuple[str, str, str], bool] = {}
    for record in received:
        if isinstance(record.event, RoleGranted | RoleRevoked):
            event = record.event
            last[event.account_id, event.role, event.site_id or ""] = isinstance(event, RoleGranted)
    for statement, granted in ((GRANT, True), (REVOKE, False)):
        if rows := [role for role, holds in last.items() if holds is granted]:
            await conn.execute(statement, *zip(*rows, strict=True))
    await cached_table.changed(conn, REPLICA.cache)


async def project_sites(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Store the payee and the business contact of each site."""
    rows = [(e.site_id, e.email or "", e.payee_id) for r in received if isinstance(e := r.event, SiteOpened)]
    await conn.execute(UPSERT_SITES, *zip(*rows, strict=True))
    await cached_table.changed(conn, REPLICA.cache)


async def project_people(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Store account holders, encrypted as they came."""
    rows = [(r.key, e.sealed) for r in received if isinstance(e := r.event, AccountHolderChanged)]
    await conn.execute(UPSERT_PEOPLE, *zip(*rows, strict=True))


async def load_register(conn: Connection) -> Register:
    """Return the whole register; people are read only when mail is due."""
    accounts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for site_id, role, account_id in await conn.fetch(ROLES):
        accounts[site_id, role].append(account_id)
    sites: Mapping[str, Sequence[str]] = dict(await conn.fetch(SITES))  # type: ignore[arg-type]  # a row is a pair here
    published = await REPLICA.load(conn)
    return Register(dict(accounts), sites, published.versions(ContractActivated), published.default_calendar)


REGISTER = cached_table.Reference(REPLICA.cache, load_register)


async def find_addresses(conn: Connection, recipients: Sequence[str]) -> dict[str, str]:
    """Return the mail address of each recipient that has one: an account's own, a site's business contact."""
    addresses: dict[str, str] = {row["site_id"]: row["email"] for row in await conn.fetch(ADDRESSES, recipients)}
    keys = [f"account/{recipient}" for recipient in recipients]
    sealed = {row["person_key"]: row["sealed"] for row in await conn.fetch(SEALED, keys)}
    for key, identity in (await open_people(conn, sealed)).items():
        if identity.email:
            addresses[key.removeprefix("account/")] = identity.email
    return addresses
