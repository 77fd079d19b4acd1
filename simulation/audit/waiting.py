"""The events that a play still waits for: requests without a decision, offers without an answer, days ahead."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from typing_extensions import override

from simulation.audit import path
from simulation.claims_system.record_validity import Data, Verdict
from simulation.clients.topics import Announced

_PACIFIC = ZoneInfo("America/Vancouver")
_DECISIONS = {"referral-created", "referral-not-admitted"}
_OWED = {"invoice-received", "payment-scheduled"}
_SETTLED = {"invoice-paid", "invoice-rejected", "invoice-voided"}
_FAR = timedelta(days=366)  # nobody waits for what takes effect later than that


def day_of(now: datetime) -> date:
    """The day in Vancouver."""
    return now.astimezone(_PACIFIC).date()


class Waiting:
    """Followed from what was said on both sides."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self.requests: set[tuple[str, str]] = set()
        self.decided: set[tuple[str, str]] = set()
        self.ways: dict[str, path.Way] = {}
        self.owed: set[str] = set()
        self._ahead = date.min

    def say(self, verdicts: Iterable[Verdict], now: datetime) -> None:
        """Note a record of the claims system."""
        for verdict in verdicts:
            if verdict.kind == "valid":
                self._expect(verdict.data, day_of(now) + _FAR)

    def _expect(self, data: Data, latest: date) -> None:
        days = [date.fromisoformat(data[member]) for member in ("effective_on", "moved_on") if member in data]
        self._ahead = max([self._ahead, *(day for day in days if day <= latest)])
        if "request_id" in data:
            self.requests.add((data["claim_number"], data["request_id"]))

    def hear(self, news: Sequence[Announced]) -> None:
        """Note announcements."""
        for one in news:
            if one.event_name in _DECISIONS:
                self.decided.add((one.data["claim_number"], one.data["request_id"]))
            if one.event_name in _OWED:
                self.owed.add(one.data["invoice_id"])
            elif one.event_name in _SETTLED or (one.event_name == "invoice-pended" and not one.data["until"]):
                self.owed.discard(one.data["invoice_id"])
            if one.topic == "rehab-referral" and one.data.get("referral_id") == one.key:
                self.ways.setdefault(one.key, path.Way()).go(one)

    @property
    def undecided(self) -> int:
        """Requests that wait for their claim."""
        return len(self.requests - self.decided)

    @property
    def unanswered(self) -> int:
        """Referrals for which a clinic is sought; one that is held stands still."""
        return sum(way.state in path.SOUGHT and not way.holds for way in self.ways.values())

    def is_settled(self, now: datetime) -> bool:
        """Return whether nothing waits, and no date lies ahead."""
        return not self.undecided and not self.unanswered and not self.owed and self._ahead <= day_of(now)

    @override
    def __str__(self) -> str:
        """In words."""
        return (
            f"{self.undecided} requests wait for their claim, {self.unanswered} referrals for a clinic, "
            f"{len(self.owed)} invoices for their end"
        )
