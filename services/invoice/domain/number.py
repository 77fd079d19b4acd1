"""Invoice numbers: a row each, which only one writer can insert."""

from typing import NamedTuple

_LONGEST = 64


class Number(NamedTuple):
    """A number that a payee has used, and for which invoice."""

    id: str
    version: int
    payee_id: str
    number: str
    invoice_id: str


def number_id(payee_id: str, number: str) -> str:
    """A payee's number; what a clinic writes as its number may hold anything."""
    return f"{payee_id}\n{number}"


def is_readable(payee_id: str, number: str) -> bool:
    """Whether a number can be kept and read out: printable, and not longer than a line."""
    return 0 < len(number.strip()) <= _LONGEST and (payee_id + number).isprintable()


def use(payee_id: str, number: str, invoice_id: str) -> Number:
    """The number belongs to an invoice from now on."""
    return Number(number_id(payee_id, number), 0, payee_id, number, invoice_id)
