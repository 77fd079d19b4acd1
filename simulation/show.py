"""What a person at the terminal sees of a play."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from simulation.play import Progress
from simulation.topics import Announced

_PACIFIC = ZoneInfo("America/Vancouver")
_LINES: Mapping[str, str] = {
    "referral-created": "admitted      claim {claim_number} becomes referral {number}",
    "referral-not-admitted": "not admitted  claim {claim_number}: {codes}",
    "referral-offered": "offered       {number} to {site_id}, offer {rank}",
    "referral-acknowledged": "seen          {number} by {site_id}",
    "referral-accepted": "accepted      {number} by {site_id}",
    "referral-declined": "declined      {number} by {site_id}: {reason_code}",
    "referral-lapsed": "lapsed        {number} at {site_id}",
    "referral-unplaced": "unplaced      {number}, refused by {refused_by}",
    "referral-held": "held          {number}: {cause}",
    "referral-resumed": "resumed       {number}",
    "referral-withdrawn": "withdrawn     {number}: {cause}",
    "appointment-booked": "booked        {number} at {site_id} for {starts_at}",
    "appointment-missed": "missed        {referral}, time {times}",
    "program-started": "started       {referral} at {site_id} on {initial_visit_on}",
    "report-accepted": "report        {referral}: {report}, {business_days_late} business days late",
    "plan-submitted": "planned       {referral}: plan {plan}, {lines} lines",
    "plan-approved": "approved      {referral}: plan {plan}, {lines} lines",
    "plan-declined": "declined      {referral}: plan {plan}",
    "plan-deemed-approved": "deemed        {referral}: plan {plan}, nobody decided in time",
    "program-ended": "ended         {referral} on {last_on}: {exit_reason}",
    "referral-discharged": "discharged    {referral}",
    "invoice-received": "billed        {referral}: {number}, {dollars}",
    "invoice-returned": "returned      {referral}: {number}",
    "invoice-pended": "waits         {referral}: {number} for {waits_for}",
    "invoice-adjudicated": "judged        {referral}: {number}, {dollars} allowed",
    "invoice-paid": "paid          {referral}: {dollars}",
    "run-frozen": "run frozen    {run_id}: {dollars}",
    "remittance-issued": "remitted      {payee_id}: {dollars}",
    "notice-sent": "told          {recipient_id} by {channel}",
}


class Ticker:
    """Every event on a line of its own, as it happens."""

    def __init__(self, by_hand: frozenset[str] = frozenset()) -> None:
        """No referral has a number yet; what concerns the sites `by_hand` is marked for the people who play them."""
        self._numbers: dict[str, str] = {}
        self._by_hand = by_hand

    def __call__(self, progress: Progress) -> None:
        """What is new."""
        for one in sorted(progress.news, key=lambda one: (one.at, one.topic != "rehab-referral")):
            if (line := self._line(one)) and not progress.is_past:
                mark = ">" if one.data.get("site_id") in self._by_hand else " "
                print(f"{one.at.astimezone(_PACIFIC):%a %d %b %Y %H:%M} {mark}{line}", flush=True)  # noqa: T201 - to a person

    def _line(self, one: Announced) -> str:
        if "number" in one.data and one.owner == "referral":
            self._numbers[one.key] = one.data["number"]
        codes = ", ".join(failure["code"] for failure in one.data.get("failures", ()))
        referral = self._numbers.get(one.key, one.key)
        known: dict[str, Any] = {"number": referral, "referral": referral, "codes": codes, **one.data}
        known |= {name: _listed(one.data[name]) for name in ("refused_by", "waits_for") if name in one.data}
        known["lines"] = len(one.data.get("lines", ()))
        known["dollars"] = f"${one.data.get('allowed_cents', one.data.get('cents', 0)) / 100:,.2f}"
        return _LINES.get(one.words, "").format_map(known)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nobody"


class Gauge:
    """One line that says how far a long play has come."""

    def __init__(self) -> None:
        """Nothing was shown yet."""
        self._began = time.monotonic()
        self._last = 0.0
        self._pause = 0.5 if sys.stderr.isatty() else 15.0

    def __call__(self, progress: Progress) -> None:
        """Not more often than a person can read."""
        now = time.monotonic()
        if now - self._last < self._pause:
            return
        self._last = now
        waiting = progress.waiting
        self._write(
            f"{progress.now.astimezone(_PACIFIC):%a %d %b %Y %H:%M}  {progress.played} of {progress.records} records,"
            f" {len(waiting.requests)} requests, {len(waiting.decided)} decided,"
            f" {waiting.unanswered} unanswered, {now - self._began:.0f} s"
        )

    @staticmethod
    def _write(line: str) -> None:
        start, end = ("\r\x1b[K", "") if sys.stderr.isatty() else ("", "\n")
        print(f"{start}{line}", end=end, file=sys.stderr, flush=True)  # noqa: T201 - to a person
