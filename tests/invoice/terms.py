"""A contract with the fees as shipped, and the records that make a case billable."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

from shared.billing.fees import Terms
from shared.domain.decision import Event
from shared.events.procurement import CalendarPublished, ContractActivated, FeeSchedulePublished
from shared.events.published import Published
from shared.events.referral import ClaimStandingChanged, ProgramStarted, ReferralAccepted, ReferralCreated
from shared.events.values import Area, Injury, Interval, Standing

REFERRAL = "7b0c2a4e-5d1f-5a3c-9e8b-1f2d3c4b5a69"
FEES = Path(__file__).parents[2] / "data" / "network" / "fees.toml"
START = date(2024, 11, 4)
AREA = Area(body_part="23100", side="N")
INJURY = Injury(body_part="23100", nature="02100", side="N", occurred_on=date(2024, 8, 1))
CONTRACT = ContractActivated(
    contract_id="c-or1",
    revision=1,
    holds_from=date(2021, 11, 1),
    payee_id="p-1",
    organisation_id="o-1",
    program="or1",
    sites=("s-1",),
    communities=("Quesnel",),
    effective_from=date(2021, 11, 1),
    fee_schedule_id="fees-or1",
    calendar_id="bc",
)
CALENDAR = CalendarPublished(
    calendar_id="bc",
    revision=1,
    name="British Columbia",
    zone="America/Vancouver",
    holidays=(date(2024, 10, 14), date(2024, 11, 11), date(2024, 12, 25), date(2025, 1, 1)),
    from_on=date(2023, 1, 1),
    to_on=date(2029, 12, 31),
    is_default=True,
    basis="statutory holidays",
)


def fees() -> list[FeeSchedulePublished]:
    return [FeeSchedulePublished.model_validate(said) for said in tomllib.loads(FEES.read_text())["schedule"]]


PUBLISHED: list[Event] = [CONTRACT, *fees(), CALENDAR]
TERMS = Terms.of(Published(PUBLISHED))


def at(day: date, hour: int = 20) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def standing(*said: tuple[date, Standing]) -> ClaimStandingChanged:
    found = tuple(Interval(from_on=on, standing=what, areas=(AREA,), injury=INJURY) for on, what in said)
    return ClaimStandingChanged(
        claim_number="17919123", claim_revision=1, person_id="W1", intervals=found, referral_id=REFERRAL
    )


def life() -> list[Event]:
    """From the admission to the initial visit."""
    created = ReferralCreated(
        referral_id=REFERRAL, revision=1, number="R-24-1", claim_number="17919123", person_id="W1", request_id="RR1",
        requested_on=date(2024, 10, 21), injured_on=INJURY.occurred_on, injury=INJURY, areas=(AREA,),
        community="Quesnel",
    )  # fmt: skip
    accepted = ReferralAccepted(
        referral_id=REFERRAL, revision=2, site_id="s-1", contract_id="c-or1", payee_id="p-1", program="or1",
        program_revision=1, accepted_on=date(2024, 10, 28),
    )  # fmt: skip
    started = ProgramStarted(
        referral_id=REFERRAL, revision=3, site_id="s-1", contract_id="c-or1", payee_id="p-1", program="or1",
        program_revision=1, initial_visit_on=START,
    )  # fmt: skip
    return [created, standing((date(2024, 8, 1), "accepted")), accepted, started]
