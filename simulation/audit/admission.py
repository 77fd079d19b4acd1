"""Every valid request has exactly one decision, and it is the right one."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simulation.audit.observations import Books

if TYPE_CHECKING:
    from datetime import datetime


def decided_once(books: Books) -> Iterator[str]:
    """Neither forgotten nor twice, and nothing that nobody asked for."""
    counts = Counter(one.request for one in books.decisions)
    for request in books.requests:
        if (count := counts.pop(request, 0)) != 1:
            yield f"the request {_name(request)} has {count} admission decisions"
    for request in counts:
        yield f"the request {_name(request)} was decided and is not on claims"


def decided_rightly(books: Books) -> Iterator[str]:
    """Decision, program and codes are the auditor's own."""
    for one in books.decisions:
        expected = books.expected.decisions.get(one.request)
        if expected is None:
            if one.request in books.requests:
                yield f"the request {_name(one.request)} was decided at {one.announced.at} and must still wait"
        elif (expected.decision, expected.program, expected.codes) != (one.decision, one.program, frozenset(one.codes)):
            right = _said(expected.decision, expected.program, sorted(expected.codes))
            yield f"the request {_name(one.request)} is {_said(*one[1:4])} and must be {right}"
        elif abs((expected.at - one.announced.at).total_seconds()) > 1:
            yield f"the request {_name(one.request)} was decided at {one.announced.at}, due at {expected.at}"


def said_whole(books: Books) -> Iterator[str]:
    """An admission is followed by the program and the claim's standing on the same key."""
    for one in books.decisions:
        words = [said.event_name for said in books.referrals[one.announced.key]]
        if one.decision == "admitted" and not {"program-selected", "claim-standing-changed"} <= set(words):
            yield f"the referral {one.announced.key} was created without its program or standing"
        if words[0] != one.announced.event_name:
            yield f"the referral {one.announced.key} begins with {words[0]}"


def followed(books: Books) -> Iterator[str]:
    """Admitted referrals are held, resumed and withdrawn as the insurer decides on the claim."""
    for one in books.decisions:
        if one.decision == "admitted" and one.request in books.expected.decisions:
            right = list(books.expected.followed.get(one.request, ()))
            found = [
                _step(said.event_name)
                for said in books.referrals[one.announced.key]
                if _is_by_claim(said.event_name, said.data)
            ]
            if found != right:
                said = f"was {found or 'left'} by its claim and must be {right or 'left'}"
                yield f"the referral {one.announced.key} {said}"


def _is_by_claim(words: str, data: object) -> bool:
    steps = {"referral-held", "referral-resumed", "referral-withdrawn"}
    return words in steps and isinstance(data, dict) and data.get("cause") == "claim"


def _step(words: str) -> str:
    return words.removeprefix("referral-")


def _name(request: tuple[str, str]) -> str:
    return "/".join(request)


def _said(decision: str, program: str | None, codes: Sequence[str]) -> str:
    return " ".join(filter(None, (decision, program, ", ".join(sorted(codes)))))


def as_decisions(books: Books) -> list[dict[str, object]]:
    """The list that is written to a file; `heard` counts what was known of the claim by then."""
    heard: dict[str, list[datetime]] = {}
    for read in books.reads:
        heard.setdefault(read.verdict.data["claim_number"], []).append(read.at)
    return [
        {
            "claim_number": one.request[0],
            "request_id": one.request[1],
            "decision": one.decision,
            "program": one.program,
            "codes": list(one.codes),
            "decided_at": one.announced.at.isoformat(),
            "heard": sum(at <= one.announced.at for at in heard.get(one.request[0], ())),
        }
        for one in sorted(books.decisions, key=lambda one: one.request)
    ]
