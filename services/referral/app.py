"""The declaration of the referral service."""

from pathlib import Path

from services.referral.handlers import handlers
from services.referral.store.claim import CLAIMS
from services.referral.store.opening import RESERVATIONS
from services.referral.store.person import PEOPLE
from services.referral.store.referral import REFERRALS
from shared.messaging import encryption
from shared.messaging.parked import Guard
from shared.runtime.main import main
from shared.runtime.service import Service

service = Service(
    "referral",
    listens=("claims", "rehab-portal", "rehab-procurement", "rehab-program", "rehab-invoice"),
    kinds=(CLAIMS, PEOPLE, REFERRALS, RESERVATIONS),
    handlers=handlers,
    folder=Path(__file__).parent,
    foreign=("claims",),
    reference=("rehab-procurement", "rehab-program"),
    seal=encryption.seal_people,
    guard=Guard(frozenset({"claims"}), encryption.seal_bytes, encryption.open_bytes),
)

if __name__ == "__main__":
    main(service)
