"""A referral as far as notices need it: its number and those who are concerned with it."""

from typing import NamedTuple

from shared.domain.decision import Event
from shared.events.referral import (
    OfficerAssigned,
    ProgramStarted,
    ReferralAccepted,
    ReferralCreated,
    ReferralDeclined,
    ReferralLapsed,
    ReferralOffered,
    ReferralOfferWithdrawn,
)


class Case(NamedTuple):
    """A referral's number, its officer, the site that has it or is asked to take it, and the contract that holds."""

    id: str
    version: int = 0
    number: str = ""
    officer_id: str = ""
    site_id: str = ""
    contract_id: str = ""


def follow(case: Case, event: Event) -> Case:
    """Return the case after an event; a site that did not take the referral is concerned no longer."""
    match event:
        case ReferralCreated(number=number):
            return case._replace(number=number)
        case OfficerAssigned(officer=officer):
            return case._replace(officer_id=officer.id)
        case ReferralOffered(site_id=site_id, number=number):
            return case._replace(site_id=site_id, number=number)
        case ReferralAccepted(site_id=site_id, contract_id=id_) | ProgramStarted(site_id=site_id, contract_id=id_):
            return case._replace(site_id=site_id, contract_id=id_)
        case ReferralDeclined() | ReferralLapsed() | ReferralOfferWithdrawn():
            return case._replace(site_id="")
    return case
