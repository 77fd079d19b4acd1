"""The portal's declaration: its topics, handlers, commands and web application."""

import asyncio
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from services.portal.api.passwords import hashed
from services.portal.domain.account import HolderFiled
from services.portal.handlers import handlers
from services.portal.pages.assembly import make_app
from services.portal.store.accounts import ACCOUNTS, issue_tokens, read_accounts
from services.portal.store.deadlines import DEADLINES
from services.portal.store.operations import count_unanswered
from services.portal.store.sessions import save_credentials
from shared.config.log import logger
from shared.domain.decision import INTERNAL
from shared.domain.mail_addresses import Undeliverable, mailable
from shared.messaging import encryption
from shared.messaging.context import ServiceContext
from shared.messaging.parked import Guard
from shared.runtime.main import main
from shared.runtime.service import Service

_TOKENS = "REHAB_TOKENS"  # the file in which the keys of clinic software are handed over
_PASSWORDS = "REHAB_PASSWORDS"  # the file in which first passwords are handed over


async def open_accounts(context: ServiceContext, arguments: Sequence[str]) -> None:
    """Open the accounts of a folder's file that are not there yet, and hand each one's software its key."""
    holders = read_accounts(Path(arguments[0]))
    if faults := list(_undeliverable(holders)):
        raise SystemExit("\n".join(faults))
    await context.submit_internal(holders)
    if place := os.environ.get(_TOKENS):
        await _hand_over(context, holders, Path(place))
    if place := os.environ.get(_PASSWORDS):
        await _hand_over_passwords(context, holders, Path(place))
    logger(__name__).info("accounts opened", count=len(holders))


def _undeliverable(holders: Sequence[HolderFiled]) -> Iterator[str]:
    """Yield a sentence for each account to whose address no mail can go."""
    for holder in holders:
        if holder.identity.email and isinstance(found := mailable(holder.identity.email), Undeliverable):
            yield f"account {holder.account_id}: {found.sentence}"


async def _hand_over(context: ServiceContext, holders: Sequence[HolderFiled], place: Path) -> None:
    """Issue a key for each account's software and write it to the file; the portal keeps hashes only."""
    known = _handed_over(place)
    software = [h for h in holders if h.kind != "worker"]  # a worker has none
    keys = {h.account_id: known.get(h.account_id) or secrets.token_urlsafe(32) for h in software}
    async with context.pool.acquire() as conn, conn.transaction():
        await issue_tokens(conn, {sha256(key.encode()).digest(): account for account, key in keys.items()})
    _note(place, keys)


async def _hand_over_passwords(context: ServiceContext, holders: Sequence[HolderFiled], place: Path) -> None:
    """Issue a first password for one account of each role and write it to the file; the portal keeps hashes only."""
    first = {holder.role: holder for holder in reversed(holders) if holder.identity.email}
    known = _handed_over(place)
    new = {h.account_id: secrets.token_hex(8) for h in first.values() if h.account_id not in known}
    names = {h.account_id: h.identity.email or "" for h in first.values()}
    hashes = {account: (names[account], await asyncio.to_thread(hashed, word)) for account, word in new.items()}
    if hashes:
        async with context.pool.acquire() as conn, conn.transaction():
            await save_credentials(conn, hashes)
    _note(place, {**known, **new})


def _handed_over(place: Path) -> Mapping[str, str]:
    """Return the secrets that the file holds already."""
    known: Mapping[str, str] = json.loads(place.read_text()) if place.exists() else {}
    return known


def _note(place: Path, keys: Mapping[str, str]) -> None:
    """Write secrets to a file that its owner alone can read, as a whole or not at all."""
    new = place.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(json.dumps(keys, indent=1))
    new.replace(place)


service = Service(
    "portal",
    listens=(
        "rehab-referral",
        "rehab-program",
        "rehab-invoice",
        "rehab-procurement",
        "rehab-notification",
        "rehab-person",
    ),
    kinds=(DEADLINES, ACCOUNTS),
    handlers=handlers,
    folder=Path(__file__).parent,
    reference=("rehab-procurement",),
    compacted=("rehab-person",),
    verbs={"open-accounts": open_accounts},
    web=make_app,
    unanswered=count_unanswered,
    seal=encryption.seal_people,
    guard=Guard(frozenset({INTERNAL}), encryption.seal_bytes, encryption.open_bytes),
    makes_cycles=True,
)

if __name__ == "__main__":
    main(service)
