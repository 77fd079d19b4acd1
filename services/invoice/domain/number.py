"""Invoice numbers, a row each, which only one writer can insert."""

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
    """Return the key of a payee's invoice number, whatever characters a clinic writes in it."""
    return f"{payee_id}\n{number}"


def is_readable(payee_id: str, number: str) -> bool:
    """Return whether a number can be stored and read out: printable, and at most 64 characters long."""
    return 0 < len(number.strip()) <= _LONGEST and (payee_id + number).isprintable()


def use(payee_id: str, number: str, invoice_id: str) -> Number:
    """Return the number as used by an invoice."""
    return Number(number_id(payee_id, number), 0, payee_id, number, invoice_id)
