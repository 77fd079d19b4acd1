"""Accounts: the portal's own record, final when said."""

from datetime import datetime
from typing import NamedTuple

from shared.decision import INTERNAL, Event, Outcome
from shared.events.person import AccountHolderIdentified, Identity
from shared.events.portal import AccountOpened, RoleGranted


class HolderFiled(Event, type="portal.holder-filed", key="account_id", topic=INTERNAL):
    """Somebody is to have an account."""

    account_id: str
    kind: str
    organisation_id: str | None = None
    role: str
    sites: tuple[str, ...] = ()
    identity: Identity


class Account(NamedTuple):
    """Who may sign in, in which role at which sites; an insurer's role has no site."""

    id: str
    version: int
    kind: str
    organisation_id: str | None
    role: str
    sites: tuple[str, ...]


def open_account(account: Account | None, filed: HolderFiled, *, at: datetime) -> Outcome:
    """Opened once; who it is goes sealed to those who show it."""
    if account is not None:
        return Outcome()
    opened = Account(filed.account_id, 0, filed.kind, filed.organisation_id, filed.role, filed.sites)
    granted = (
        RoleGranted(
            account_id=opened.id,
            role=filed.role,
            site_id=site,
            organisation_id=filed.organisation_id,
            received_at=at,
        )
        for site in filed.sites or (None,)
    )
    said = AccountOpened(account_id=opened.id, kind=filed.kind, organisation_id=filed.organisation_id, received_at=at)
    holder = AccountHolderIdentified(kind="account", person_id=opened.id, identity=filed.identity)
    return Outcome((opened,), (said, *granted, holder))
