"""The adjudication of an invoice: the amount of each line, the facts it waits for, and the faults of a document."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from shared.billing.case import EMPTY, Case, HeldLine, SentInvoice
from shared.billing.fees import Cover, Terms, cents_of, cover, limits, percent_of, steps
from shared.billing.payable import RULES, BilledService, PendingFact, TakenUnits, in_steps
from shared.billing.windows import rectify_until, wait_until
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Violation
from shared.events.invoice import Cut, Drawn, JudgedLine, LineStatus
from shared.events.portal import BilledLine
from shared.events.procurement import FeeLine

__all__ = ["TERMS", "AdjudicationResult", "Bill", "Terms", "faults", "judge"]

TERMS = "terms"  # what is waited for while contract, fees or calendar are not loaded
_APPROVAL = "approval"
_IN_FULL = 100
_UNITS, _REPORTS = code_list("units"), code_list("report-kinds")
_OF_FEE = frozenset({"FEE-ADJ", "RPT-LATE"})


class Bill(NamedTuple):
    """An invoice as the clinic wrote it.

    `heard_on` is the day from which its waits count: when all that stood before it was answered. Where it is not
    known, that is the day of receipt.
    """

    invoice_id: str
    number: str
    payee_id: str
    invoiced_on: date
    received_at: datetime
    lines: tuple[BilledLine, ...]
    cents: int
    rectifies: str | None = None
    heard_on: date | None = None


class AdjudicationResult(NamedTuple):
    """Every line as judged, and what the invoice waits for; what waits for a claim waits without a last day.

    `until` is the first last day of a wait; the day after, the invoice is judged again. Denied lines may be put right
    up to `rectify_until`.
    """

    lines: tuple[JudgedLine, ...] = ()
    waits_for: tuple[str, ...] = ()
    until: date | None = None
    rectify_until: date = date.min
    dispute_days: int = 0


class _LineResult(NamedTuple):
    """A line as judged, the units it takes from those after it, and what it waits for until when."""

    line: JudgedLine
    held: HeldLine
    waits: tuple[PendingFact, ...] = ()
    until: date | None = None


def judge(case: Case, bill: Bill, terms: Terms, today: date) -> AdjudicationResult:
    """Every line by the terms of its date of service; whole once nothing in it waits."""
    if not terms.knows(case.contract_id):
        return AdjudicationResult(waits_for=(TERMS,))
    taken = _taken(case, bill, terms)
    found: list[_LineResult] = []
    for n, line in enumerate(bill.lines):
        service = _service(n, line, bill, case, terms)._replace(taken=taken)
        found.append(_judge_line(service, bill.heard_on, today))
        if not found[-1].held.denied:
            taken = (*taken, TakenUnits(bill.invoice_id, bill.number, found[-1].held))
    contracts = [terms.contract_on(case.contract_id, line.service_on) for line in bill.lines]
    return AdjudicationResult(
        tuple(f.line for f in found),
        tuple(dict.fromkeys(wait.name for f in found for wait in f.waits)),
        min((f.until for f in found if f.until), default=None),
        _rectify_until(case, bill, terms, [f.line for f in found], today),
        max((c.dispute_days for c in contracts), default=0),
    )


def _service(n: int, line: BilledLine, bill: Bill, case: Case, terms: Terms) -> BilledService:
    """A line with what holds on its day."""
    contract = terms.contract_on(case.contract_id, line.service_on)
    calendar = terms.calendar_of(contract)
    return BilledService(
        f"lines.{n}",
        line,
        bill.invoice_id,
        calendar.day_of(bill.received_at),
        _rejected_on(case, bill, line),
        case,
        terms,
        contract,
        calendar,
        terms.fee_on(contract, line.code, line.service_on),
        (),
    )


def _invoice(case: Case, invoice_id: str | None) -> SentInvoice | None:
    return next((i for i in case.invoices if i.invoice_id == invoice_id), None)


def _rejected_on(case: Case, bill: Bill, line: BilledLine) -> date | None:
    """When the line that this one puts right was first denied; none for a line that is billed anew."""
    old = _invoice(case, bill.rectifies)
    denied = [h for h in old.lines if h.denied] if old else []
    same = any(h.line == line.line or (h.code, h.service_on) == (line.code, line.service_on) for h in denied)
    return old.rejected_on if old and same else None


def _rectify_until(case: Case, bill: Bill, terms: Terms, lines: Iterable[JudgedLine], today: date) -> date:
    """The last day on which any denied line may be put right; today, when none was denied."""
    told = (_invoice(case, bill.rectifies), _invoice(case, bill.invoice_id))
    first = next((sent.rejected_on for sent in told if sent and sent.rejected_on), today)
    windows = []
    for line in lines:
        if line.status == "denied":
            contract = terms.contract_on(case.contract_id, line.service_on)
            windows.append(rectify_until(contract, terms.calendar_of(contract), line.service_on, first))
    return max(windows, default=today)


def _taken(case: Case, bill: Bill, terms: Terms) -> tuple[TakenUnits, ...]:
    """Return what judged invoices used, and what those keep back that were received before this one and still wait."""
    others = [i for i in case.invoices if i.invoice_id != bill.invoice_id]
    place = next((n for n, i in enumerate(case.invoices) if i.invoice_id == bill.invoice_id), len(others))
    taken = tuple(t for i in others if i.is_judged for t in _lines(i))
    for waiting in (t for i in others[:place] if not i.is_judged for t in _lines(i)):
        taken = (*taken, waiting._replace(held=_kept_back(case, terms, waiting.held, taken)))
    return taken


def _lines(sent: SentInvoice) -> Iterator[TakenUnits]:
    """Lines of an invoice that are paid or may be."""
    return (TakenUnits(sent.invoice_id, sent.number, held) for held in sent.lines if not held.denied)


def _kept_back(case: Case, terms: Terms, held: HeldLine, taken: Sequence[TakenUnits]) -> HeldLine:
    """A line that waits keeps back what would be drawn for it today, undecided units included."""
    contract = terms.contract_on(case.contract_id, held.service_on)
    priced = terms.fee_on(contract, held.code, held.service_on)
    if priced is None:
        return held
    covered = cover(case, priced.fee, held.service_on, held.units, [t.held for t in taken])
    return held._replace(drawn=(*covered.drawn, *covered.asked))


def _judge_line(s: BilledService, heard_on: date | None, today: date) -> _LineResult:
    """A line denied by one rule never waits for another; a wait that is over denies."""
    said = [one for rule in RULES for one in rule(s)]
    until = wait_until(s.contract, s.calendar, heard_on or s.received_on)
    waits = [one for one in said if isinstance(one, PendingFact)]
    over = [w for w in waits if w.is_limited and today > until]
    flaws = [
        one if isinstance(one, Violation) else one.flaw for one in said if isinstance(one, Violation) or one in over
    ]
    if flaws or s.priced is None:
        return _denied(s, _shared_out(flaws, s.line.cents))
    return _judge_units(s, s.priced.fee, [w for w in waits if w not in over], until if today <= until else None)


def _judge_units(s: BilledService, fee: FeeLine, waits: Sequence[PendingFact], until: date | None) -> _LineResult:
    """How many units are left and approved; while there is time, undecided ones are waited for."""
    held = [t.held for t in s.taken]
    cuts, units = _within_limits(s, fee, held)
    covered = cover(case=s.case, fee=fee, day=s.day, units=units, taken=held)
    approval = [PendingFact(_APPROVAL, _unapproved(s, fee, covered))] if covered.asked and until else []
    received = covered if approval else covered._replace(asked=())
    possible = steps(received.approved + received.undecided, fee.step)
    if possible < units:
        cuts = (*cuts, (_unapproved(s, fee, covered), possible))
    if not possible:
        return _denied(s, _shared_out([flaw for flaw, _ in cuts], s.line.cents))
    if waiting := (*waits, *approval):
        return _waiting(s, waiting, until, received)
    return _priced(s, fee, cuts, cover(s.case, fee, s.day, possible, held))


def _within_limits(
    s: BilledService, fee: FeeLine, held: Sequence[HeldLine]
) -> tuple[tuple[tuple[Violation, Decimal], ...], Decimal]:
    """The units that limits leave, and each cut with what is left after it."""
    cuts: list[tuple[Violation, Decimal]] = []
    units = s.line.units
    for limit in limits(fee, s.day, held):
        left = limit.cut(units, fee.step)
        if left < units:
            used = f", and {wording.number(limit.used)} billed elsewhere" if limit.used else ""
            here = wording.number(s.line.units)
            rule = f"the limit is {wording.number(limit.most)} a {limit.span}: {here} billed here{used}"
            cuts.append(
                (
                    s.flaw(limit.code, "units", rule, f"bill {wording.number(left)}" if left else "leave the line out"),
                    left,
                )
            )
            units = left
    return tuple(cuts), units


def _unapproved(s: BilledService, fee: FeeLine, covered: Cover) -> Violation:
    """Units that nobody has approved."""
    code = "AUTH-EXT" if fee.extension else "AUTH-MISSING"
    if covered.asked:
        return s.flaw(
            code, "units", f"the plan that asks for {wording.day(s.day)} is not decided", "wait for the decision"
        )
    left = wording.number(covered.approved)
    rule = f"a plan does not approve as many for {wording.day(s.day)}; approved and not used: {left}"
    return s.flaw(code, "units", rule, "ask for them in a plan, with reach back to the day")


def _denied(s: BilledService, reasons: tuple[Cut, ...], percent: int = _IN_FULL) -> _LineResult:
    """Nothing is paid."""
    line = _line(s, "denied", reasons, Cover()).model_copy(update={"percent": percent})
    return _LineResult(line, HeldLine(line.line, line.code, line.service_on, line.units, denied=True))


def _waiting(s: BilledService, waits: tuple[PendingFact, ...], until: date | None, received: Cover) -> _LineResult:
    """Nothing is paid yet; the units it may get are kept back."""
    line = _line(s, "waiting", _shared_out([w.flaw for w in waits], s.line.cents), received)
    held = HeldLine(line.line, line.code, line.service_on, line.units, drawn=(*received.drawn, *received.asked))
    return _LineResult(line, held, waits, until if any(w.is_limited for w in waits) else None)


def _shared_out(flaws: Sequence[Violation], cents: int) -> tuple[Cut, ...]:
    """The first reason carries all the cents."""
    return tuple(_cut(flaw, 0 if n else cents) for n, flaw in enumerate(flaws))


def _cut(flaw: Violation, cents: int) -> Cut:
    return Cut(code=flaw.code, rule=flaw.rule, fix=flaw.fix, field=flaw.field, cents=cents)


def _priced(s: BilledService, fee: FeeLine, cuts: Sequence[tuple[Violation, Decimal]], covered: Cover) -> _LineResult:
    """The smaller of claimed and worth; each reason has what it takes away, in the order of the rules."""
    percent = percent_of(fee, s.report.late) if s.report else _IN_FULL
    worths = [(_over_fee(s, fee), cents_of(fee, s.line.units)), *((flaw, cents_of(fee, units)) for flaw, units in cuts)]
    if percent != _IN_FULL:
        worths.append((_late(s, fee, percent), cents_of(fee, covered.approved, percent)))
    reasons, cents = _taken_away(worths, s.line.cents)
    if s.line.cents and not cents:
        return _denied(s, reasons, percent)
    line = _line(s, "cut" if cents < s.line.cents else "ok", reasons, covered)
    line = line.model_copy(update={"allowed_cents": cents, "percent": percent})
    return _LineResult(line, HeldLine(line.line, line.code, line.service_on, line.units, drawn=covered.drawn))


def _taken_away(worths: Iterable[tuple[Violation, int]], claimed: int) -> tuple[tuple[Cut, ...], int]:
    """Return what each reason takes away, and the rest; a fee that is not exceeded takes nothing."""
    reasons: list[Cut] = []
    left = claimed
    for flaw, worth in worths:
        if worth < left or flaw.code not in _OF_FEE:
            reasons.append(_cut(flaw, max(left - worth, 0)))
            left = min(left, worth)
    return tuple(reasons), left


def _over_fee(s: BilledService, fee: FeeLine) -> Violation:
    """More was claimed than the fee."""
    unit = wording.with_article(_UNITS.sentence(fee.unit))
    rule = f"more than the fee was billed; it is {wording.dollars(fee.cents)} {unit}"
    return s.flaw("FEE-ADJ", "cents", rule, f"bill {wording.dollars(cents_of(fee, s.line.units))}")


def _late(s: BilledService, fee: FeeLine, percent: int) -> Violation:
    """The fee of a report depends on when it came."""
    late = s.report.late if s.report else 0
    when = f"{wording.counted(abs(late), 'business day')} {'late' if late > 0 else 'early'}" if late else "on its day"
    rule = f"the {_REPORTS.sentence(fee.needs_report)} came {when}: {percent} percent of the fee are paid"
    return s.flaw("RPT-LATE", "cents", rule, "send reports in by their day")


def _line(s: BilledService, status: LineStatus, reasons: tuple[Cut, ...], covered: Cover) -> JudgedLine:
    """A line with its reasons; units are those it gets, or may get while it waits."""
    return JudgedLine(
        line=s.line.line,
        code=s.line.code,
        service_on=s.day,
        units_claimed=s.line.units,
        units=covered.approved + covered.undecided,
        claimed_cents=s.line.cents,
        allowed_cents=0,
        status=status,
        reasons=reasons,
        fee_revision=s.priced.revision if s.priced else None,
        grant=next((draw.grant for draw in covered.drawn if draw.grant), None),
        drawn=tuple(Drawn(grant=draw.grant, units=draw.units) for draw in covered.drawn),
    )


def faults(
    bill: Bill, total_cents: int, today: date, case: Case = EMPTY, terms: Terms | None = None
) -> tuple[Violation, ...]:
    """Return all faults that make a document no invoice; with case and terms given, of payee and steps, too."""
    parts = (flaw for n, line in enumerate(bill.lines) for flaw in _part(n, line, bill))
    return (*_whole(bill, total_cents, today, case), *parts, *_unstepped(bill, case, terms))


def _whole(bill: Bill, total_cents: int, today: date, case: Case) -> Iterator[Violation]:
    """Payee, date, total, and that there is something to judge."""
    if case.payee_id and bill.payee_id != case.payee_id:
        yield _fault(
            "PAYEE", "payee_id", "the payee is not the one of the referral", "bill as the payee of the referral"
        )
    if bill.invoiced_on > today:
        yield _fault(
            "DATE-FUTURE", "invoiced_on", "the invoice date has not come yet", f"give a day up to {wording.day(today)}"
        )
    if not bill.lines:
        yield _fault("FIELD-MISSING", "lines", "the invoice has no line", "bill at least one service")
    elif not any(line.cents for line in bill.lines):
        yield _fault("CENTS", "cents", "the invoice asks for no money", "bill what the services cost")
    if (right := sum(line.cents for line in bill.lines)) != total_cents:
        yield _fault(
            "TOTAL",
            "cents",
            f"the total is not that of the lines, {wording.dollars(right)}",
            f"give {wording.dollars(right)}",
        )
    names = [line.line for line in bill.lines]
    for n, name in enumerate(names):
        if name in names[:n]:
            yield _fault("DUP", f"lines.{n}.line", "two lines have the same name", "name one of them otherwise")


def _part(n: int, line: BilledLine, bill: Bill) -> Iterator[Violation]:
    """A line that no rule can judge."""
    if line.service_on > bill.invoiced_on:
        rule, fix = "the day is after the invoice date", f"give a day up to {wording.day(bill.invoiced_on)}"
        yield _fault("DATE-ORDER", f"lines.{n}.service_on", rule, fix)
    if line.units <= 0:
        yield _fault("FEE-UNITS", f"lines.{n}.units", "the units are not above 0", "bill what was done")
    if line.cents < 0:
        yield _fault("CENTS", f"lines.{n}.cents", "the amount is below 0", "bill what it costs")


def _unstepped(bill: Bill, case: Case, terms: Terms | None) -> Iterator[Violation]:
    """Units that are no whole steps of their fee."""
    if terms and terms.knows(case.contract_id):
        for n, line in enumerate(bill.lines):
            said = in_steps(_service(n, line, bill, case, terms))
            yield from (flaw for flaw in said if isinstance(flaw, Violation))


def _fault(code: str, field: str, rule: str, fix: str) -> Violation:
    return Violation(code=code, rule=rule, fix=fix, field=field)
