"""Assembly."""

from pathlib import Path

from services.invoice.handlers import handlers
from shared.service import Service

service = Service(
    "invoice",
    listens=("rehab-referral", "rehab-program", "rehab-procurement", "rehab-portal"),
    kinds=(),
    handlers=handlers,
    folder=Path(__file__).parent,
    reference=("rehab-procurement",),
)

if __name__ == "__main__":
    service.main()
