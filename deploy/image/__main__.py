"""`python -m deploy.image topics|roles`: what must be there before the first service starts; either may be repeated."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local import passwords, rights, topics

PASSES = Path("/var/lib/rehab/pass")
_VAULT = frozenset({"referral", "portal"})  # they write persons, and so migrate the store of their keys
_READER = frozenset({"portal"})


def roles_of(service: str) -> Sequence[str]:
    """As whom a service signs in."""
    vault = ["vault_owner"] if service in _VAULT else []
    reader = ["portal_reader"] if service in _READER else []
    return [service, f"{service}_owner", *vault, *reader]


def create_topics() -> None:
    """Every topic, on purpose and with its settings."""
    topics.prepare(os.environ["REHAB_KAFKA"])


def create_roles(passes: Path = PASSES) -> None:
    """Roles, database and rights; each service's folder receives the passwords of its own roles and no others."""
    superuser = Path(os.environ["REHAB_SUPERUSER_PASSWORD_FILE"]).read_text().strip()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "pgpass"
        passwords.write(file, handed_out(passes) | {"postgres": superuser})
        url = os.environ["REHAB_POSTGRES"]
        rights.prepare(f"{url}{'&' if '?' in url else '?'}passfile={file}")
        hand_out(passes, passwords.read(file))


def handed_out(folder: Path) -> dict[str, str]:
    """Passwords that services already have: a second start changes none."""
    files = [folder / service / "pgpass" for service in rights.SERVICES]
    return {role: password for file in files for role, password in passwords.read(file).items()}


def hand_out(folder: Path, known: Mapping[str, str]) -> None:
    """A pass file for each service."""
    for service in rights.SERVICES:
        passwords.write(folder / service / "pgpass", {role: known[role] for role in roles_of(service)})


VERBS: Mapping[str, Callable[[], None]] = {"topics": create_topics, "roles": create_roles}


def main() -> None:
    """Do what was asked."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked not in VERBS:
        raise SystemExit(f"there is no verb {asked!r}; there are: {', '.join(VERBS)}")
    VERBS[asked]()


if __name__ == "__main__":
    main()
