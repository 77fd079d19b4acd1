"""The check of offers: no site twice, at most three refusals, sites that may serve the worker, time to answer."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from simulation.audit.observations import Books
from simulation.clients.published_register import Data, Days
from simulation.clients.topics import Announced

_REFUSALS = {"referral-declined", "referral-lapsed"}
_MOST_REFUSALS = 3


def asked_once(books: Books) -> Iterator[str]:
    """A site that declined or lapsed is not asked again until the program is selected anew."""
    for key, said in books.referrals.items():
        refused: set[str] = set()
        for one in said:
            if one.event_name == "program-selected":
                refused = set()
            elif one.event_name in _REFUSALS:
                refused.add(one.data["site_id"])
            elif one.event_name == "referral-offered" and one.data["site_id"] in refused:
                yield f"the referral {key} asks {one.data['site_id']} again"


def three_refusals(books: Books) -> Iterator[str]:
    """After the third nobody is asked before it was said to be unplaced."""
    for key, said in books.referrals.items():
        refusals = 0
        for one in said:
            if one.event_name in {"program-selected", "referral-unplaced"}:
                refusals = 0
            elif one.event_name in _REFUSALS:
                refusals += 1
            elif one.event_name == "referral-offered" and refusals >= _MOST_REFUSALS:
                yield f"the referral {key} is offered after {refusals} refusals"


def ranks(books: Books) -> Iterator[str]:
    """The rank is the number of the offer, from 1; a new selection may begin anew."""
    for key, said in books.referrals.items():
        rank = 0
        for one in said:
            if one.event_name == "referral-offered":
                if one.data["rank"] not in {rank + 1, 1 if _is_anew(said, one) else rank + 1}:
                    yield f"the referral {key} gives an offer the rank {one.data['rank']} after {rank}"
                rank = one.data["rank"]


def _is_anew(said: Sequence[Announced], offer: Announced) -> bool:
    """Return whether the program was selected since the offer before."""
    before = [one.event_name for one in said if one.sequence < offer.sequence]
    return (
        "program-selected" in before[len(before) - before[::-1].index("referral-offered") :]
        if "referral-offered" in before
        else True
    )


def contracts(books: Books) -> Iterator[str]:
    """The contract has the site and the program, covers the worker's community, and serves the referral that day."""
    days = books.register.calendar()
    for key, said in books.referrals.items():
        created = said[0].data
        history = books.expected.histories.get(str(created.get("claim_number")))
        for one in said:
            if one.event_name == "referral-offered" and days and history:
                on = days.day_of(one.at)
                lives_in = history.communities_on(on, one.at)
                if fault := _fault(books, one, lives_in, date.fromisoformat(created["requested_on"])):
                    offer = f"{one.data['site_id']} by {one.data['contract_id']}"
                    yield f"the referral {key} is offered to {offer}, {fault}"


def _fault(books: Books, offer: Announced, lives_in: set[str | None], requested_on: date) -> str:
    days = books.register.calendar()
    on = days.day_of(offer.at) if days else offer.at.date()
    contract = books.register.contract(offer.data["contract_id"], on, offer.at)
    if contract is None:
        return "which is not known"
    if offer.data["site_id"] not in contract["sites"] or offer.data["program"] != contract["program"]:
        return "which has another site or program"
    if lives_in.isdisjoint(contract["communities"]):
        return f"which does not cover {', '.join(map(str, lives_in))}"
    return "" if _serves(contract, on, requested_on) else f"which does not serve it on {on}"


def _serves(contract: Data, on: date, requested_on: date) -> bool:
    """In force; or in run-off for what was requested while it was in force."""
    first, last = contract["effective_from"], contract.get("effective_to") or "9999-12-31"
    run_off = contract.get("run_off_to") or last
    requested_in_force = first <= requested_on.isoformat() <= last
    return first <= on.isoformat() <= last or (requested_in_force and on.isoformat() <= run_off)


def deadlines(books: Books) -> Iterator[str]:
    """A day to acknowledge and not before the next business day has ended; then one business day to answer."""
    for one in (*books.words.get("referral-offered", ()), *books.words.get("referral-acknowledged", ())):
        contract = _contract_of(books, one)
        days = books.register.calendar(contract["calendar_id"]) if contract else None
        if contract and days and _due(one) != (right := _right(one, contract, days)):
            yield f"the referral {one.key} has until {_due(one)} after {one.event_name}, right is {right}"


def _right(one: Announced, contract: Data, days: Days) -> datetime:
    if one.event_name == "referral-acknowledged":
        return days.end_after(one.at, contract["answer_business_days"])
    elapsed = one.at + timedelta(hours=contract["acknowledge_hours"])
    return max(elapsed, days.end_after(one.at, contract["acknowledge_business_days"]))


def _contract_of(books: Books, said: Announced) -> Data | None:
    """Of the offer that was made, or was acknowledged."""
    before = [one for one in books.referrals.get(said.key, ()) if one.sequence <= said.sequence]
    offer = next((one for one in reversed(before) if one.event_name == "referral-offered"), None)
    return books.register.contract(offer.data["contract_id"], offer.at.date(), offer.at) if offer else None


def _due(one: Announced) -> datetime:
    return datetime.fromisoformat(one.data["deadline"]["due_at"])


def lapses(books: Books) -> Iterator[str]:
    """Find offers that lapsed before their time was up; a hold moves it."""
    for key, said in books.referrals.items():
        due: datetime | None = None
        for one in said:
            if one.event_name in {"referral-offered", "referral-acknowledged"}:
                due = _due(one)
            elif one.event_name == "referral-held":
                due = None
            elif one.event_name == "referral-lapsed" and due and one.at < due:
                yield f"the referral {key} lapses at {one.at}, before {due}"
