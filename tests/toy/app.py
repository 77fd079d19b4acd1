"""Assembly."""

from pathlib import Path

from shared.service import Service
from tests.toy.handlers import handlers
from tests.toy.store import COUNTERS

service = Service(
    "toy",
    listens=("toy-in", "toy-side", "toy-foreign"),
    kinds=(COUNTERS,),
    handlers=handlers,
    folder=Path(__file__).parent,
    foreign=("toy-foreign",),
)

if __name__ == "__main__":
    service.main()
