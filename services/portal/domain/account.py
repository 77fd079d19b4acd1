"""Accounts: the portal's own record, final when said."""

from datetime import datetime
from typing import NamedTuple

from shared.domain.decision import INTERNAL, Event, Outcome
from shared.events.person import AccountHolderIdentified, Identity
from shared.events.portal import AccountOpened, RoleGranted


class HolderFiled(Event, type="portal.holder-filed", key="account_id", topic=INTERNAL):
    """Somebody is to have an account."""

    account_id: str
    kind: str
    organisation_id: str | None = None
    role: str
    sites: tuple[str, ...] = ()
    person_id: str | None = None
    identity: Identity


class Account(NamedTuple):
    """A person with the roles at sites; an insurer's role has no site, a worker's account a person."""

    id: str
    version: int
    kind: str
    organisation_id: str | None
    identity: Identity | None = None
    roles: frozenset[tuple[str, str | None]] = frozenset()
    person_id: str | None = None


def open_account(account: Account | None, filed: HolderFiled, *, at: datetime) -> Outcome:
    """Opened once, roles granted once; who it is goes sealed to those who show it."""
    found = account or Account(filed.account_id, 0, filed.kind, filed.organisation_id, person_id=filed.person_id)
    wanted = [(filed.role, site) for site in filed.sites or (None,)]
    said: list[Event] = []
    if account is None:
        said.append(
            AccountOpened(account_id=found.id, kind=filed.kind, organisation_id=filed.organisation_id, received_at=at)
        )
    said += [_granted(found, role, site, at) for role, site in wanted if (role, site) not in found.roles]
    if filed.identity != found.identity:
        said.append(AccountHolderIdentified(kind="account", person_id=found.id, identity=filed.identity))
    if not said:
        return Outcome()
    return Outcome((found._replace(identity=filed.identity, roles=found.roles | set(wanted)),), tuple(said))


def _granted(account: Account, role: str, site_id: str | None, at: datetime) -> RoleGranted:
    return RoleGranted(
        account_id=account.id, role=role, site_id=site_id, organisation_id=account.organisation_id, received_at=at
    )
