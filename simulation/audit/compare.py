"""Two plays of one feed by one seed, in one of which a service was away: what differs beyond what may differ.

Times may: when something was decided, said, billed and paid, and with a later first visit every day of service, which
is why days are counted from the first visit. The choice among sites may, too. All else is an outcome, and the same.
Where *referral* was away it decides on a later day, and what it decides by that day may differ: an admission
(`_judged_later`), the program and the openings of the offers that it makes then (`_offered_later`), and since when a
claim's own standing holds or ends a referral (`_followed_later`); with what follows from it. That each of these is
right on its day is what the auditor sees to. What people did is never judged by a later day: no offer's fate differs.
Whoever acts on what somebody changed just before, and nobody could show while the service was away, is told that it is
stale and acts anew (`_stale_since`). Whoever takes an invoice back because it is to be paid does so when that is said,
and may find another run frozen (`_another_run`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

Decision: TypeAlias = Mapping[str, Any]
Service: TypeAlias = tuple[str, int, str]  # code, days since the first visit, and units

_OF_THE_DAY = {"CLM-PEND", "CLM-SUSPENDED", "CLM-DISALLOWED", "CLM-CLOSED", "CLM-NOTFOUND", "CASE-EXISTS"}
_FROZEN = "RUN-FROZEN"
_TAKEN_BACK = {"VOIDED", "RETURNED"}


def differences(undisturbed: Sequence[Decision], disturbed: Sequence[Decision], away: str) -> list[str]:
    """In sentences; none where the absence changed nothing that it may not change."""
    before, after = _by_request(undisturbed), _by_request(disturbed)
    lost = [f"the request {name} was decided in one play alone" for name in sorted(before.keys() ^ after.keys())]
    both = sorted(before.keys() & after.keys())
    return lost + [f"{name}: {said}" for name in both for said in _of_request(before[name], after[name], away)]


def _by_request(decisions: Sequence[Decision]) -> Mapping[str, Decision]:
    return {f"{one['claim_number']}/{one['request_id']}": one for one in decisions}


def _of_request(before: Decision, after: Decision, away: str) -> Iterator[str]:
    decided = [(one["decision"], one["program"], sorted(one["codes"])) for one in (before, after)]
    if decided[0] != decided[1]:
        if not (away == "referral" and _judged_later(before, after)):
            yield f"{_said(decided[0])} became {_said(decided[1])}"
    elif before["decision"] == "admitted":
        yield from _of_case(before, after, away)


def _judged_later(before: Decision, after: Decision) -> bool:
    """Decided on a later day, and by what that day decides: the claim's standing, or what was heard by then."""
    later = _instant(after["decided_at"]) > _instant(before["decided_at"])
    by_the_day = set(before["codes"]) ^ set(after["codes"]) <= _OF_THE_DAY
    return later and (by_the_day or before["heard"] != after["heard"])


def _said(decided: tuple[str, str | None, Sequence[str]]) -> str:
    decision, program, codes = decided
    return " ".join(filter(None, (decision, program, ", ".join(codes))))


def _of_case(before: Decision, after: Decision, away: str) -> Iterator[str]:
    """From the first offer to the last cent."""
    stale = _stale_since(before, after)
    yield from _fates(before, after)
    yield from _acts(before, after, stale)
    if not (stale or (away == "referral" and (_offered_later(before, after) or _followed_later(before, after)))):
        yield from _ends(before, after)


def _stale_since(before: Decision, after: Decision) -> datetime | None:
    """When somebody acted without seeing what was done just before, and was not taken for that alone."""
    stale = (
        _instant(act["at"])
        for key, act in after["acts"].items()
        if act["answer"] == ["STALE"] and act["unseen"] and before["acts"].get(key, {}).get("answer") == []
    )
    return min(stale, default=None)


def _instant(said: str) -> datetime:
    return datetime.fromisoformat(said)


def _offered_later(before: Decision, after: Decision) -> bool:
    """Where the offers part, the clinic was sought on a later day than without the absence (decisions 2 and 18)."""
    asked = [[offer["program"] for offer in one["offers"]] for one in (before, after)]
    if asked[0] == asked[1]:
        return False
    same = next((n for n, (was, became) in enumerate(zip(*asked, strict=False)) if was != became), min(map(len, asked)))
    sought = [_sought(one, same) for one in (before, after)]
    return sought[1] > sought[0]


def _sought(one: Decision, n: int) -> datetime:
    """When the n-th offer was made; where there is none, when the one before was, or the referral began."""
    instants = [one["decided_at"], *(offer["at"] for offer in one["offers"])]
    return _instant(instants[min(n + 1, len(instants) - 1)])


def _followed_later(before: Decision, after: Decision) -> bool:
    """The insurer's own decisions were read later (decision 15), or so late that they were over (decision 16)."""
    return bool(before["by_claim"] != after["by_claim"])


def _ends(before: Decision, after: Decision) -> Iterator[str]:
    """How it ends: its state, the programs that were offered, days, plans, reports and cents."""
    if before["state"] != after["state"]:
        yield f"{before['state']} became {after['state']}"
    asked = [[f"{offer['fate']} {offer['program']}" for offer in one["offers"]] for one in (before, after)]
    if asked[0] != asked[1]:
        yield f"the offers {', '.join(asked[0]) or 'none'} became {', '.join(asked[1]) or 'none'}"
    yield from _changed("day", _days(before), _days(after))
    yield from _changed("plan", _plans(before), _plans(after))
    yield from _changed("report", before["reports"], after["reports"])
    yield from _changed("cents of", _cents(before), _cents(after))


def _fates(before: Decision, after: Decision) -> Iterator[str]:
    """Yield what came of the n-th offer is the same, whichever clinic was asked."""
    for n, (was, became) in enumerate(zip(before["offers"], after["offers"], strict=False), 1):
        if was["fate"] != became["fate"]:
            yield f"offer {n} was {was['fate']} and became {became['fate']}"


def _acts(before: Decision, after: Decision, stale: datetime | None) -> Iterator[str]:
    """Yield what people did in both plays got the same answer; a refusal may name other codes."""
    for key, act in after["acts"].items():
        was = before["acts"].get(key)
        if act["answer"] is None:
            yield f"{act['act']} was never answered"
        elif (
            was
            and was["answer"] is not None
            and bool(was["answer"]) != bool(act["answer"])
            and not (stale and _instant(act["at"]) >= stale)
            and not _another_run(was, act)
        ):
            yield f"{act['act']} was {_answer(was)} and became {_answer(act)}"


def _another_run(was: Mapping[str, Any], act: Mapping[str, Any]) -> bool:
    """Done at another time than without the absence, and the run of that time was frozen, or not yet."""
    return was["at"] != act["at"] and {*was["answer"], *act["answer"]} == {_FROZEN}


def _answer(act: Mapping[str, Any]) -> str:
    return f"refused for {', '.join(act['answer'])}" if act["answer"] else "taken"


def _changed(what: str, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys(), key=str):
        was, became = before.get(name), after.get(name)
        if was != became:
            yield f"{what} {_named(name)} was {was} and became {became}"


def _named(name: object) -> str:
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _since(one: Decision, day: str) -> int:
    """Days since the first visit; before anybody treats there is none."""
    return (date.fromisoformat(day) - date.fromisoformat(one["started_on"] or day)).days


def _days(one: Decision) -> Mapping[int, str]:
    return {_since(one, on): status for on, status in one["days"].items()}


def _plans(one: Decision) -> Mapping[int, Any]:
    return {plan["plan"]: (plan["state"], plan["granted"]) for plan in one["plans"]}


def _cents(one: Decision) -> Mapping[Service, int]:
    """Return what was paid for each service, over all invoices; what was taken back or denied is nothing."""
    paid: Counter[Service] = Counter()
    for invoice in one["invoices"]:
        if invoice["state"] not in _TAKEN_BACK:
            for line in invoice["lines"]:
                paid[line["code"], _since(one, line["service_on"]), line["units"]] += line["allowed_cents"]
    return {service: cents for service, cents in paid.items() if cents}
