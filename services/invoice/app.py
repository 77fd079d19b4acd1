"""The declaration of the service invoice, and its entry point."""

from pathlib import Path

from services.invoice.handlers import handlers
from services.invoice.store.billing import BILLINGS
from services.invoice.store.number import NUMBERS
from services.invoice.store.payee import PAYEES
from services.invoice.store.run import RUNS
from shared.runtime.main import main
from shared.runtime.service import Service

service = Service(
    "invoice",
    listens=("rehab-referral", "rehab-program", "rehab-procurement", "rehab-portal"),
    kinds=(BILLINGS, NUMBERS, PAYEES, RUNS),
    handlers=handlers,
    folder=Path(__file__).parent,
    reference=("rehab-procurement",),
)

if __name__ == "__main__":
    main(service)
