"""The register of roles, sites and contracts, by which recipients are found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.domain.versions import version_on
from shared.events.procurement import ContractActivated
from shared.events.values import Actor

OFFICER = "officer"  # the claims officer of the referral, known by name


@dataclass(frozen=True, slots=True)
class Register:
    """Accounts by site and role, the insurer's under no site; sites by payee; all versions of contracts."""

    accounts: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    sites: Mapping[str, Sequence[str]] = field(default_factory=dict)
    contracts: Mapping[str, Sequence[ContractActivated]] = field(default_factory=dict)
    calendar: Calendar = UNPUBLISHED

    def at_site(self, site_id: str, role: str) -> Sequence[str]:
        """Return the accounts that hold the role at a site; where none does, the site itself."""
        return self.accounts.get((site_id, role)) or [site_id]

    def at_insurer(self, role: str) -> Sequence[str]:
        """Return the accounts that hold an insurer's role; where none does, the role, so that the ledger shows it."""
        return self.accounts.get(("", role)) or [role]

    def is_recipient(self, recipient_id: str, by: Actor) -> bool:
        """Return whether a notice is the actor's own: their account's, site's, role's or organisation's."""
        if recipient_id in {by.account_id, by.organisation_id}:
            return True
        return any(
            by.account_id in holders
            for (site, role), holders in self.accounts.items()
            if recipient_id == (site or role)
        )

    def is_reviewed(self, contract_id: str, kind: str, at: datetime) -> bool:
        """Return whether the contract, as it holds on the day, has an officer review such reports."""
        day = self.calendar.day_of(at)
        contract = version_on(self.contracts.get(contract_id, ()), day)
        return contract is not None and kind in contract.reviewed_reports
