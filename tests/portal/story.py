"""What other services say in these tests: one worker's referral, told event by event."""

from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from shared.events.person import Identity, WorkerChanged
from shared.events.procurement import CalendarPublished
from shared.events.referral import (
    AppointmentBooked,
    ReferralAccepted,
    ReferralAcknowledged,
    ReferralCreated,
    ReferralDeclined,
    ReferralHeld,
    ReferralLapsed,
    ReferralOffered,
    ReferralOfferWithdrawn,
    ReferralResumed,
    ReferralWithdrawn,
)
from shared.events.values import Area, Deadline, Injury, Opening
from shared.messaging import encryption

NOON = datetime(2024, 11, 1, 12, tzinfo=UTC)
CASE = "5d1bd1b8-3f6b-5b1e-8a55-000000000001"
NUMBER = "R-24-0000000A"
INJURY = Injury(body_part="23100", nature="02100", side="N", occurred_on=date(2024, 9, 1))
CALENDAR = CalendarPublished(
    calendar_id="bc",
    revision=1,
    name="BC",
    zone="America/Vancouver",
    holidays=(date(2024, 11, 11),),
    from_on=date(2024, 1, 1),
    to_on=date(2030, 12, 31),
    is_default=True,
    basis="invented",
)


def created(case: str = CASE, number: str = NUMBER, person_id: str = "W1") -> ReferralCreated:
    return ReferralCreated(
        referral_id=case,
        revision=1,
        number=number,
        claim_number="20000001",
        person_id=person_id,
        request_id="R1",
        requested_on=date(2024, 10, 30),
        injured_on=date(2024, 9, 1),
        injury=INJURY,
        areas=(Area(body_part="23100", side="N"),),
        community="Quesnel",
    )


def offered(
    revision: int = 2,
    site: str = "s-north-1",
    *,
    organisation: str = "o-north",
    rank: int = 1,
    case: str = CASE,
    number: str = NUMBER,
) -> ReferralOffered:
    return ReferralOffered(
        referral_id=case,
        revision=revision,
        number=number,
        site_id=site,
        organisation_id=organisation,
        contract_id="c-1",
        program="or1",
        rank=rank,
        opening=Opening(site_id=site, program="or1", week_on=date(2024, 11, 4), n=1),
        deadline=Deadline(name=f"acknowledge/{rank}", due_at=NOON + timedelta(days=4)),
    )


def acknowledged(revision: int = 3, site: str = "s-north-1", rank: int = 1, case: str = CASE) -> ReferralAcknowledged:
    due = Deadline(name=f"answer/{rank}", due_at=NOON + timedelta(days=5))
    return ReferralAcknowledged(referral_id=case, revision=revision, site_id=site, deadline=due)


def accepted(revision: int = 4, site: str = "s-north-1", case: str = CASE) -> ReferralAccepted:
    return ReferralAccepted(
        referral_id=case,
        revision=revision,
        site_id=site,
        contract_id="c-1",
        payee_id="p-1",
        program="or1",
        program_revision=1,
        accepted_on=date(2024, 11, 4),
    )


def declined(revision: int = 3, site: str = "s-north-1", rank: int = 1) -> ReferralDeclined:
    return ReferralDeclined(
        referral_id=CASE,
        revision=revision,
        site_id=site,
        rank=rank,
        reason_code="no-capacity",
        next_step="offer-to-next",
        comment_id="d",
        comment_sha256="h",
    )


def lapsed(revision: int = 3, site: str = "s-north-1", rank: int = 1) -> ReferralLapsed:
    due = Deadline(name=f"acknowledge/{rank}", due_at=NOON + timedelta(days=4))
    return ReferralLapsed(referral_id=CASE, revision=revision, site_id=site, rank=rank, deadline=due)


def taken_back(revision: int = 3, site: str = "s-north-1", rank: int = 1) -> ReferralOfferWithdrawn:
    return ReferralOfferWithdrawn(referral_id=CASE, revision=revision, site_id=site, rank=rank, cause="worker-moved")


def booked(revision: int = 5, site: str = "s-north-1") -> AppointmentBooked:
    return AppointmentBooked(referral_id=CASE, revision=revision, site_id=site, starts_at=NOON + timedelta(days=9))


def held(revision: int = 3) -> ReferralHeld:
    return ReferralHeld(referral_id=CASE, revision=revision, cause="claim", from_on=NOON.date())


def resumed(revision: int = 4) -> ReferralResumed:
    return ReferralResumed(referral_id=CASE, revision=revision, cause="claim", from_on=NOON.date())


def withdrawn(revision: int = 5) -> ReferralWithdrawn:
    return ReferralWithdrawn(referral_id=CASE, revision=revision, cause="claim", from_on=NOON.date())


async def known_as(pool: asyncpg.Pool, person_id: str = "W1", **identity: Any) -> WorkerChanged:
    """Return who the worker is, sealed as referral announces it."""
    key = f"worker/{person_id}"
    async with pool.acquire() as conn:
        keys = await encryption.make_keys(conn, [key])
    sealed = encryption.seal(keys, key, Identity(**identity).model_dump_json().encode())
    return WorkerChanged(kind="worker", person_id=person_id, sealed=b64encode(sealed or b"").decode())
