"""Whose key opens what, as the portal itself says."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulation.clients.portal import Portal


@dataclass(slots=True)
class Keys:
    """Keys by role: of sites for clinics, in a list for the insurer's people."""

    clinicians: dict[str, str] = field(default_factory=dict)
    billers: dict[str, str] = field(default_factory=dict)
    insurers: dict[str, list[str]] = field(default_factory=dict)

    def officer(self, role: str, n: int) -> str:
        """One of those who hold a role, always the same for the same case."""
        those = self.insurers[role]
        return those[n % len(those)]


async def find(portal: Portal, tokens: Mapping[str, str]) -> Keys:
    """Every key asked who it is."""
    found = Keys()
    accounts = sorted(tokens)
    answers = await asyncio.gather(*(portal.read(tokens[account], "/me") for account in accounts))
    for account, said in zip(accounts, answers, strict=True):
        for held in said["roles"]:
            _note(found, held["role"], held["site_id"], tokens[account])
    return found


def _note(found: Keys, role: str, site_id: str | None, key: str) -> None:
    match role:
        case "clinician" if site_id:
            found.clinicians[site_id] = key
        case "biller" if site_id:
            found.billers[site_id] = key
        case _ if site_id is None:
            found.insurers.setdefault(role, []).append(key)
