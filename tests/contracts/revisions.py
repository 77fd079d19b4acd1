"""`python -m tests.contracts.revisions`: add the hashes of newly published revisions, and change none."""

import json
from hashlib import sha256
from pathlib import Path

from deploy.local.processes import ROOT
from services.procurement.domain import is_numbered, read_register
from services.procurement.store import read_files
from services.program.app import CATALOGUE, read_catalogue
from shared.domain.decision import Event

HASHES = Path(__file__).with_name("revisions.txt")


def published() -> dict[str, str]:
    """The hash of each numbered document as its files say it, differences applied, by type, key and revision."""
    register = [event for event in read_register(read_files(ROOT / "data" / "network")) if is_numbered(event)]
    documents: list[Event] = [*register, *read_catalogue(CATALOGUE)]
    return {f"{d.type_name} {d.key} {getattr(d, 'revision', 1)}": hash_of(d) for d in documents}


def hash_of(document: Event) -> str:
    """The SHA-256 of what a document says; a member that its contract gains later counts as its default."""
    said = document.model_dump(mode="json", exclude_defaults=True)
    return sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def known() -> dict[str, str]:
    """The hashes as committed; raises ValueError where one revision stands there twice."""
    lines = [line.rpartition(" ") for line in HASHES.read_text(encoding="utf-8").splitlines()]
    if len({name for name, _, _ in lines}) != len(lines):
        raise ValueError("a revision stands there twice")
    return {name: digest for name, _, digest in lines}


def main() -> None:
    """Add what is new at the end."""
    new = {name: digest for name, digest in published().items() if name not in known()}
    with HASHES.open("a", encoding="utf-8") as hashes:
        hashes.writelines(f"{name} {digest}\n" for name, digest in sorted(new.items()))


if __name__ == "__main__":
    main()
