"""The check that every action was answered, and every recipient told."""

from collections import Counter
from collections.abc import Iterator

from simulation.audit.observations import Books
from simulation.clients.topics import Announced

_OFFERED = "rehab.referral.referral-offered.v1"
_APPLIED, _REFUSED = "action-applied", "action-refused"
_ENDS = {"referral-accepted", "referral-declined", "referral-lapsed", "referral-offer-withdrawn"}
_BY_PEOPLE = ("provider-", "officer-", "payment-officer-")
_ACTS = (*_BY_PEOPLE, "deadline-reached")


def actions(books: Books) -> Iterator[str]:
    """Every action and every door that closed has one answer: an event, that it is applied, or why it is refused."""
    answered: dict[str, set[str]] = {}
    for one in books.firsts:
        if one.owner != "portal":
            answered.setdefault(one.causation, set()).add(one.event_name)
            if one.event_name in {_APPLIED, _REFUSED}:
                answered.setdefault(str(one.data["action_id"]), set()).add(one.event_name)
    for words, acts in books.words.items():
        for one in acts if words.startswith(_ACTS) and acts[0].owner == "portal" else ():
            said = answered.get(one.id, set())
            if not said:
                yield f"the action {one.id} ({words}) has no answer"
            elif _REFUSED in said and len(said) > 1:
                yield f"the action {one.id} ({words}) is refused and has an effect"


def entitled(books: Books) -> Iterator[str]:
    """Yield what was done had an effect only in a role that may do it."""
    refused = {str(one.data["action_id"]) for one in books.words.get(_REFUSED, ())}
    for words, acts in books.words.items():
        for one in acts if words.startswith(_BY_PEOPLE) and acts[0].owner == "portal" else ():
            by = one.data.get("by")
            if by and one.id not in refused and by["role"] not in _roles(words):
                yield f"the action {one.id} ({words}) of the role {by['role']} is not refused"


def _roles(words: str) -> set[str]:
    """Return who may do it."""
    if words.startswith("provider-"):
        return {"biller" if words.endswith("-invoice") else "clinician", "administrator"}
    return {"payment_officer"} if words.startswith("payment-officer-") else {"claims_officer"}


def notices(books: Books) -> Iterator[str]:
    """Each offer has a notice for the site it goes to; none is due of one that was over before it could be told."""
    told = Counter(
        (one.data.get("referral_id"), one.data.get("site_id"), one.causation)
        for one in books.words.get("notice-queued", ())
        if one.data["about"] == _OFFERED
    )
    for one in books.words.get("referral-offered", ()):
        if not told[one.key, one.data["site_id"], one.id] and not _was_over_unread(books, one):
            yield f"the site {one.data['site_id']} was not told of the referral {one.key}"


def _was_over_unread(books: Books, offer: Announced) -> bool:
    """Return whether *notification* was away from before the offer until after its end."""
    away = books.away
    if away is None or away.service != "notification" or not away.begins_at < offer.at < away.ends_at:
        return False
    ends = (one.at for one in books.referrals[offer.key] if one.sequence > offer.sequence and one.event_name in _ENDS)
    return next(ends, away.ends_at) < away.ends_at


def mails(books: Books) -> Iterator[str]:
    """Yield what was to be mailed was sent, or given up."""
    ended = {
        (one.data["notice_id"], one.data["channel"])
        for words in ("notice-sent", "notice-failed")
        for one in books.words.get(words, ())
    }
    for one in books.words.get("notice-queued", ()):
        if "email" in one.data["channels"] and (one.data["notice_id"], "email") not in ended:
            yield f"the notice {one.data['notice_id']} was neither mailed nor given up"
