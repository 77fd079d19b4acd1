"""The balance of a plan: units granted, units billed, and the worth of the rest."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

_NOT_BILLED = frozenset({"voided", "rejected"})


class Balance(NamedTuple):
    """A grant with what was billed of its code; `cents` is what the units that are left are worth."""

    grant: str
    code: str
    discipline: str
    goal: str
    from_on: str
    to_on: str
    units: Decimal
    used: Decimal
    cents: int
    reason: str | None = None
    ended_on: str | None = None

    @property
    def left(self) -> Decimal:
        """Never less than none."""
        return max(self.units - self.used, Decimal(0))


def balances(plans: Sequence[Mapping[str, Any]], invoices: Iterable[Mapping[str, Any]]) -> Sequence[Balance]:
    """Each grant of the plans; billed units of a code are taken from its grants in their order."""
    used = billed_units(invoices)
    found = []
    for plan in plans:
        goals = {line["line"]: line.get("goal", "") for line in plan.get("lines", ())}
        for grant in plan.get("grants", ()):
            units = Decimal(grant["units"])
            taken = min(units, used.get(grant["code"], Decimal(0)))
            used[grant["code"]] = used.get(grant["code"], Decimal(0)) - taken
            found.append(_balance(grant, goals.get(grant["line"], ""), units, taken))
    return found


def billed_units(invoices: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Units by code that were billed and not refused."""
    used: dict[str, Decimal] = {}
    for invoice in invoices:
        if invoice.get("state") in _NOT_BILLED:
            continue
        for line in invoice.get("lines", ()):
            if line.get("status") != "denied":
                used[line["code"]] = used.get(line["code"], Decimal(0)) + Decimal(str(line["units"]))
    return used


def _balance(grant: Mapping[str, Any], goal: str, units: Decimal, taken: Decimal) -> Balance:
    """The rest is worth its share of what the grant is worth, half cents up."""
    left = units - taken
    cents = int((Decimal(grant["cents"]) * left / units + Decimal("0.5")) // 1) if units else 0
    return Balance(
        grant["grant"],
        grant["code"],
        grant["discipline"],
        goal,
        grant["from_on"],
        grant["to_on"],
        units,
        taken,
        cents,
        grant.get("reason"),
        grant.get("ended_on"),
    )
