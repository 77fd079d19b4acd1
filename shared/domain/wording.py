"""How days, amounts and lists are written inside a sentence that people read."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal


def day(on: date) -> str:
    """Tue 12 Nov 2024."""
    return f"{on:%a} {on.day} {on:%b %Y}"


def dollars(cents: int) -> str:
    """$1,234.50; a minus sign stands before a negative amount."""
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def number(amount: Decimal | int) -> str:
    """Without zeros that say nothing: 2, 2.5."""
    return f"{Decimal(amount).normalize():f}"


def counted(amount: Decimal | int, one: str, many: str = "") -> str:
    """1 day, 2.5 days."""
    return f"{number(amount)} {one if amount == 1 else many or f'{one}s'}"


def with_article(noun: str) -> str:
    """Puts the right article before a noun: a day, an hour."""
    return f"{'an' if noun[:1].lower() in 'aeiou' or noun.startswith('hour') else 'a'} {noun}"


def either(words: Iterable[str]) -> str:
    """One, two or three; empty for none."""
    return _joined(list(words), "or")


def together(words: Iterable[str]) -> str:
    """One, two and three; empty for none."""
    return _joined(list(words), "and")


def _joined(words: list[str], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)
