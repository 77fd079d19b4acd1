"""The events of a play as sentences for a person and as totals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from typing_extensions import override

from shared.codes import code_list
from shared.domain.wording import counted, dollars, together
from simulation.claims_system.claim_histories import PACIFIC
from simulation.clients.topics import Announced

_SENTENCES: Mapping[str, str] = {
    "referral-created": "claim {claim_number} is admitted",
    "referral-not-admitted": "claim {claim_number} is not admitted yet; what would help: {fixes}",
    "referral-offered": "offered to {site}",
    "referral-acknowledged": "opened by {site}",
    "referral-accepted": "accepted by {site}",
    "referral-declined": "declined by {site}: {reason_code}",
    "referral-lapsed": "no answer from {site}: the offer is over",
    "referral-unplaced": "no clinic has room for it",
    "referral-held": "on hold because of {cause}",
    "referral-resumed": "goes on",
    "referral-withdrawn": "withdrawn because of {cause}",
    "appointment-booked": "first visit at {site} on {starts_at}",
    "appointment-missed": "the worker missed the visit",
    "program-started": "treatment starts at {site}",
    "report-accepted": "the {report} is accepted{late}",
    "plan-submitted": "plan {plan} is sent in, {lines}",
    "plan-approved": "plan {plan} is approved, {lines}",
    "plan-declined": "plan {plan} is declined",
    "plan-deemed-approved": "plan {plan} counts as approved: nobody decided in time",
    "program-ended": "treatment ends: {exit_reason}",
    "referral-discharged": "discharged",
    "invoice-received": "invoice {number}, {dollars}",
    "invoice-returned": "invoice {number} goes back to the clinic",
    "invoice-pended": "invoice {number} waits for {waits_for}",
    "invoice-adjudicated": "invoice {number}: {dollars} allowed",
    "invoice-paid": "invoice {number} is paid: {dollars}",
    "remittance-issued": "{payee} is paid {dollars}",
}
# members that hold codes, by the list of their words; a reason goes by what it is the reason of
_LISTS: Mapping[str, str] = {"cause": "sides", "exit_reason": "exit-reasons", "waits_for": "waits"}
_REASONS: Mapping[str, str] = {"referral-declined": "decline-reasons"}
_TOTALS: Mapping[str, str] = {
    "referral-created": "admitted",
    "referral-not-admitted": "not admitted",
    "referral-accepted": "accepted",
    "program-started": "started",
    "plan-approved": "plans",
    "report-accepted": "reports",
    "notice-sent": "notices",
}


class EventLines:
    """Tells events as sentences, with the names that the register and the referrals gave before."""

    def __init__(self, by_hand: frozenset[str] = frozenset()) -> None:
        """Mark events of the sites `by_hand` for the people who play them."""
        self._by_hand = by_hand
        self._names: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._invoices: dict[tuple[str, str], str] = {}
        self._sites: dict[str, str] = {}

    def tell(self, event: Announced) -> str:
        """Return the line of one event, or an empty text for what is counted alone."""
        self._learn(event)
        sentence = _SENTENCES.get(event.event_name, "")
        if not sentence:
            return ""
        number = self._numbers.get(event.key, "")
        return f"{_instant(event.at)}  {number:<14}{sentence.format_map(self._words(event))}"

    def is_by_hand(self, event: Announced) -> bool:
        """Return whether the event concerns a referral that lies with one of the sites `by_hand`."""
        return self._sites.get(event.key) in self._by_hand

    def number_of(self, event: Announced) -> str:
        """Return the number of the referral that the event is about, empty where it has none yet."""
        return self._numbers.get(event.key, "")

    def name_of(self, id_: str) -> str:
        """Return the name of a site or payee."""
        return self._names.get(id_, "a clinic")

    def _learn(self, event: Announced) -> None:
        """Remember names, numbers, and where a referral lies."""
        data = event.data
        if event.event_name in {"site-opened", "payee-registered"}:
            self._names[event.key] = data["name"]
        elif event.owner == "referral":
            self._numbers |= {event.key: data["number"]} if "number" in data else {}
            self._sites |= {event.key: data["site_id"]} if "site_id" in data else {}
        elif event.event_name == "invoice-received":
            self._invoices[event.key, data["invoice_id"]] = data["number"]

    def _words(self, event: Announced) -> dict[str, str]:
        """Return the members of an event as they are said in a sentence."""
        data = event.data
        words = {name: _said(value) for name, value in data.items()}
        words |= _coded(event)
        words["site"] = self.name_of(data.get("site_id", ""))
        words["payee"] = self.name_of(data.get("payee_id", ""))
        words["fixes"] = "; ".join(_clause(failure["fix"]) for failure in data.get("failures", ()))
        words["lines"] = counted(len(data.get("lines", ())), "line")
        words["late"] = _late(data.get("business_days_late") or 0)
        words["dollars"] = dollars(data.get("allowed_cents", data.get("cents", 0)))
        words.setdefault("number", self._invoices.get((event.key, data.get("invoice_id", "")), ""))
        return words


class Totals:
    """How much of what has happened, and what was paid."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self._counts: Counter[str] = Counter()
        self._cents = 0

    def count(self, event: Announced) -> None:
        """Take one event into the totals."""
        self._counts[event.event_name] += event.event_name in _TOTALS
        self._cents += event.data["cents"] if event.event_name == "remittance-issued" else 0

    @override
    def __str__(self) -> str:
        """Return one line."""
        said = [f"{self._counts[name]:,} {words}" for name, words in _TOTALS.items()]
        return " · ".join([f"{dollars(self._cents)} paid", *said])


def _instant(at: datetime) -> str:
    return f"{at.astimezone(PACIFIC):%a %d %b %Y %H:%M}"


def _said(value: Any) -> str:  # noqa: ANN401 - whatever an event has
    """Return a member as words: days and instants as people write them, everything else as it is."""
    text = str(value)
    for read, write in ((date.fromisoformat, "%a %d %b %Y"), (datetime.fromisoformat, "%a %d %b %Y, %H:%M")):
        try:
            day = read(text)
        except ValueError:
            continue
        return f"{day.astimezone(PACIFIC) if isinstance(day, datetime) else day:{write}}"
    return text


def _coded(event: Announced) -> dict[str, str]:
    """Return the members that hold codes in the words of their lists."""
    lists = {**_LISTS, "reason_code": _REASONS.get(event.event_name, "")}
    words = {name: _listed(lists[name], event.data.get(name)) for name in lists if lists[name]}
    return {**words, "report": _report(event.data.get("report", ""))}


def _listed(name: str, codes: Any) -> str:  # noqa: ANN401 - whatever an event has
    """Return one code, or several, as a part of a sentence."""
    found = codes if isinstance(codes, list | tuple) else [codes]
    return together(filter(None, (code_list(name).sentence(code) for code in found)))


def _report(name: str) -> str:
    """Return a report as it is called inside a sentence: progress report 2."""
    kind = name.rstrip("-0123456789")
    return f"{code_list('report-kinds').sentence(kind)} {name.removeprefix(kind).strip('-')}".strip()


def _clause(sentence: str) -> str:
    """Return a sentence as a part of another."""
    return sentence.rstrip(".")[:1].lower() + sentence.rstrip(".")[1:]


def _late(days: int) -> str:
    return f", {counted(days, 'business day')} late" if days > 0 else ""


def events_in_order(news: Sequence[Announced]) -> list[Announced]:
    """Return what was announced in the order of its instants, referrals first among those of one instant."""
    return sorted(news, key=lambda event: (event.at, event.topic != "rehab-referral"))
