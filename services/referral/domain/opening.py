"""Reservations of openings: a row each, which only one writer can insert."""

from typing import NamedTuple

from shared.events.values import Opening


class OpeningReservation(NamedTuple):
    """An opening and the referral that has it, None when free; `was` is the referral that has it in the database."""

    id: str
    version: int
    opening: Opening
    referral_id: str | None
    was: str | None = None


def reservation_id(opening: Opening) -> str:
    """Return the id of an opening: site, program, week and number."""
    return f"{opening.site_id}/{opening.program}/{opening.week_on}/{opening.n}"


def reserve(opening: Opening, referral_id: str, before: OpeningReservation | None) -> OpeningReservation:
    """Reserve an opening; `before` is the reservation that an earlier decision of the same batch left."""
    return OpeningReservation(reservation_id(opening), 0, opening, referral_id, before.was if before else None)


def release(opening: Opening, referral_id: str, before: OpeningReservation | None) -> OpeningReservation:
    """Free an opening; `before` as in `reserve`."""
    return OpeningReservation(reservation_id(opening), 0, opening, None, before.was if before else referral_id)
