"""Every cent: what was claimed is paid or refused with a reason, and what is paid stands in exactly one remittance."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, TypeAlias

from simulation.audit.observations import Books
from simulation.clients.published_register import Days
from simulation.clients.topics import Announced

Data: TypeAlias = Mapping[str, Any]
Line: TypeAlias = tuple[str, str]
_DAY, _WEDNESDAY, _CUT_OFF = timedelta(days=1), 2, time(16)
_FATES = ("invoice-approved", "invoice-partially-approved", "invoice-rejected")


def judgements(books: Books) -> Mapping[str, Announced]:
    """The last judgement of each invoice."""
    return {one.data["invoice_id"]: one for one in books.words.get("invoice-adjudicated", ())}


def voided(books: Books) -> set[str]:
    """Invoices that were taken back."""
    return {one.data["invoice_id"] for one in books.words.get("invoice-voided", ())}


def judged_whole(books: Books) -> Iterator[str]:
    """A judgement speaks of every line as it was billed, and claimed is allowed and refused to the cent."""
    received = {one.data["invoice_id"]: one.data for one in books.words.get("invoice-received", ())}
    for one in books.words.get("invoice-adjudicated", ()):
        id_, billed = one.data["invoice_id"], received.get(one.data["invoice_id"])
        if billed is None:
            yield f"the invoice {id_} was judged and never received"
            continue
        if _as_billed(billed["lines"]) != _as_judged(one.data["lines"]):
            yield f"the invoice {id_} was judged by other lines than were billed"
        yield from (f"the invoice {id_}: {fault}" for fault in _sums(one.data))


def _as_billed(lines: list[Data]) -> list[object]:
    return [(one["line"], one["code"], one["service_on"], float(one["units"]), one["cents"]) for one in lines]


def _as_judged(lines: list[Data]) -> list[object]:
    return [
        (one["line"], one["code"], one["service_on"], float(one["units_claimed"]), one["claimed_cents"])
        for one in lines
    ]


def _sums(judged: Data) -> Iterator[str]:
    for line in judged["lines"]:
        refused = sum(reason["cents"] for reason in line["reasons"])
        if line["claimed_cents"] != line["allowed_cents"] + refused:
            yield (
                f"line {line['line']} claims {line['claimed_cents']} cents, "
                f"of which {line['allowed_cents']} are allowed and {refused} refused"
            )
        if line["allowed_cents"] < 0 or min((reason["cents"] for reason in line["reasons"]), default=0) < 0:
            yield f"line {line['line']} has cents below nothing"
    for member in ("claimed_cents", "allowed_cents"):
        if judged[member] != (total := sum(line[member] for line in judged["lines"])):
            yield f"{member} is {judged[member]}, and its lines make {total}"


def one_fate(books: Books) -> Iterator[str]:
    """Approved whole, in part or not at all, as its cents say."""
    fates = {one.data["invoice_id"]: one.event_name for words in _FATES for one in books.words.get(words, ())}
    for id_, one in judgements(books).items():
        claimed, allowed = one.data["claimed_cents"], one.data["allowed_cents"]
        right = _FATES[0] if allowed == claimed else _FATES[1] if allowed else _FATES[2]
        if fates.get(id_) != right:
            yield f"the invoice {id_} with {allowed} of {claimed} cents allowed was said to be {fates.get(id_)}"


def paid_once(books: Books) -> Iterator[str]:
    """Yield what is allowed is paid once and whole, what was taken back never."""
    times = Counter(one.data["invoice_id"] for one in books.words.get("invoice-paid", ()))
    gone, judged = voided(books), judgements(books)
    for one in books.words.get("invoice-paid", ()):
        id_ = one.data["invoice_id"]
        if times[id_] > 1 or id_ in gone:
            yield f"the invoice {id_} was paid {times[id_]} times{' and taken back' if id_ in gone else ''}"
        elif id_ not in judged or one.data["cents"] != judged[id_].data["allowed_cents"]:
            yield f"the invoice {id_} was paid {one.data['cents']} cents, which were not allowed"


def all_paid(books: Books) -> Iterator[str]:
    """At the end nothing that is allowed is still owed, and no invoice waits."""
    done = voided(books) | {one.data["invoice_id"] for one in books.words.get("invoice-paid", ())}
    judged = judgements(books)
    for one in books.words.get("invoice-received", ()):
        id_ = one.data["invoice_id"]
        if id_ not in judged and id_ not in done and not _waits_for_ever(books, id_):
            yield f"the invoice {id_} was never judged"
        elif id_ not in done and id_ in judged and judged[id_].data["allowed_cents"]:
            yield f"the invoice {id_} was allowed and never paid"


def _waits_for_ever(books: Books, invoice_id: str) -> bool:
    """A claim that stands pended is waited for without limit."""
    pended = [one.data for one in books.words.get("invoice-pended", ()) if one.data["invoice_id"] == invoice_id]
    return bool(pended) and not pended[-1]["until"]


def remittances(books: Books) -> Iterator[str]:
    """Every allowed line of a paid invoice stands in exactly one remittance, as it was judged."""
    owed = {
        (id_, line["line"]): line
        for id_, one in judgements(books).items()
        for line in one.data["lines"]
        if id_ in {paid.data["invoice_id"] for paid in books.words.get("invoice-paid", ())}
    }
    seen: Counter[Line] = Counter()
    for one in books.words.get("remittance-issued", ()):
        if one.data["cents"] != (total := sum(line["allowed_cents"] for line in one.data["lines"])):
            yield f"the remittance {one.data['remittance_id']} pays {one.data['cents']} cents, its lines make {total}"
        for line in one.data["lines"]:
            place = line["invoice_id"], line["line"]
            seen[place] += 1
            if place not in owed or line["allowed_cents"] != owed[place]["allowed_cents"]:
                yield f"the remittance {one.data['remittance_id']} pays line {place} otherwise than it was judged"
    for place, line in owed.items():
        if line["allowed_cents"] and seen[place] != 1:
            yield f"the line {place} stands in {seen[place]} remittances"


def runs(books: Books) -> Iterator[str]:
    """Yield what a run froze is what it released, payee by payee, and what was scheduled for it."""
    released = {one.data["run_id"]: one.data["cents"] for one in books.words.get("run-released", ())}
    remitted: Counter[tuple[str, str]] = Counter()
    for one in books.words.get("remittance-issued", ()):
        remitted[one.data["run_id"], one.data["payee_id"]] += one.data["cents"]
    for one in books.words.get("run-frozen", ()):
        run, shares = one.data["run_id"], {share["payee_id"]: share["cents"] for share in one.data["payees"]}
        if one.data["cents"] != sum(shares.values()):
            yield f"the run {run} freezes {one.data['cents']} cents, its payees make {sum(shares.values())}"
        if run in released and released[run] != one.data["cents"]:
            yield f"the run {run} froze {one.data['cents']} cents and released {released[run]}"
        for payee, cents in shares.items():
            if run in released and remitted[run, payee] != cents:
                yield f"the run {run} owes {payee} {cents} cents and remits {remitted[run, payee]}"


def run_days(books: Books) -> Iterator[str]:
    """A run is on Wednesday or, where that is a holiday, on the business day before; cut off the one before at four."""
    days = books.register.calendar()
    for one in books.words.get("run-frozen", ()):
        if days is None:
            yield f"the run {one.data['run_id']} is frozen, and no calendar says when runs are"
            return
        on, cut_off = date.fromisoformat(one.data["run_on"]), datetime.fromisoformat(one.data["cut_off_at"])
        right_on = _working(days, on + timedelta(days=(_WEDNESDAY - on.weekday()) % 7))
        right = datetime.combine(_working(days, right_on - _DAY), _CUT_OFF, days.zone)
        if (on, cut_off) != (right_on, right):
            yield f"the run {one.data['run_id']} is on {on}, its cut-off at {cut_off}; right is {right_on} and {right}"


def _working(days: Days, day: date) -> date:
    """The day itself or the last business day before."""
    while not days.is_working(day):
        day -= _DAY
    return day


def released_by_enough(books: Books) -> Iterator[str]:
    """A run that needs people is released by as many different ones."""
    needed = {one.data["run_id"]: one.data.get("approvals_needed", 0) for one in books.words.get("run-frozen", ())}
    for one in books.words.get("run-released", ()):
        run, people = one.data["run_id"], len(set(one.data.get("released_by", ())))
        if people < needed.get(run, 0):
            yield f"the run {run} needs {needed[run]} people and was released by {people}"


def payments(books: Books) -> Iterator[str]:
    """The money of a remittance is paid once, to its payee, to the cent; and no other money is."""
    told, moved = (
        Counter(
            (one.data["remittance_id"], one.data["payee_id"], one.data["cents"]) for one in books.words.get(words, ())
        )
        for words in ("remittance-issued", "payment-released")
    )
    for remittance, payee, cents in (told - moved).elements():
        yield f"the remittance {remittance} tells {payee} of {cents} cents, which were not paid so"
    for remittance, payee, cents in (moved - told).elements():
        yield f"{payee} was paid {cents} cents, of which the remittance {remittance} does not tell"


def listed(books: Books) -> Iterator[str]:
    """An invoice is paid with the remittance that lists it, to its payee, by the run it was scheduled for."""
    where = {
        line["invoice_id"]: one.data for one in books.words.get("remittance-issued", ()) for line in one.data["lines"]
    }
    payee = {one.data["invoice_id"]: one.data["payee_id"] for one in books.words.get("invoice-received", ())}
    run = {one.data["invoice_id"]: one.data["run_id"] for one in books.words.get("payment-scheduled", ())}
    for one in books.words.get("invoice-paid", ()):
        id_ = one.data["invoice_id"]
        right = one.data["remittance_id"], payee.get(id_), run.get(id_)
        said = tuple(where.get(id_, {}).get(member) for member in ("remittance_id", "payee_id", "run_id"))
        if said != right:
            yield f"the invoice {id_} is paid by {right} and listed by {said} (remittance, payee, run)"
