"""Every line priced again, from the fee schedule that its contract names on the day of service."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from simulation.audit.money import judgements, voided
from simulation.audit.observations import Books
from simulation.clients.published_register import Data
from simulation.clients.topics import Announced


def priced(books: Books) -> Iterator[str]:
    """Allowed is the smaller of what was claimed and the fee for the units, by the tier of its report."""
    accepted = {one.key: one for one in books.words.get("referral-accepted", ())}
    reports = _reports(books)
    for id_, one in judgements(books).items():
        if one.key not in accepted:
            yield f"the invoice {id_} is of a referral that nobody accepted"
            continue
        contract_id = accepted[one.key].data["contract_id"]
        for line in one.data["lines"]:
            if line["allowed_cents"]:
                fee = _fee(books, contract_id, line, one)
                fault = _fault(line, fee, reports.get(one.key, {})) if fee else "has no fee on that day"
                if fault:
                    yield f"the invoice {id_}, line {line['line']} ({line['code']} on {line['service_on']}) {fault}"


def _fee(books: Books, contract_id: str, line: Data, judged: Announced) -> Data | None:
    """The line of the newest schedule in force on the day of service, as known when it was judged."""
    on = date.fromisoformat(line["service_on"])
    contract = books.register.contract(contract_id, on, judged.at)
    schedule = books.register.fees(contract["fee_schedule_id"], on, judged.at) if contract else None
    if schedule is None:
        return None
    found = next((fee for fee in schedule["lines"] if fee["code"] == line["code"]), None)
    return found and {**found, "revision": schedule["revision"]}


def _fault(line: Data, fee: Data, reports: Mapping[str, list[Data]]) -> str:
    if line["fee_revision"] != fee["revision"]:
        return f"was priced by revision {line['fee_revision']}, right is {fee['revision']}"
    percent = _percent(fee, line, reports)
    if percent is None:
        return f"needs a report {fee['needs_report']} that was not accepted"
    if line["percent"] != percent:
        return f"is paid at {line['percent']} percent, right is {percent}"
    worth = _cents(fee["cents"] * Decimal(str(line["units"])) * percent / 100)
    right = min(line["claimed_cents"], worth)
    return "" if line["allowed_cents"] == right else f"allows {line['allowed_cents']} cents, right is {right}"


def _percent(fee: Data, line: Data, reports: Mapping[str, list[Data]]) -> int | None:
    """By how late its report counted; None where the report is not there."""
    if not fee.get("needs_report"):
        return 100
    found = reports.get(fee["needs_report"], [])
    if fee.get("dos_is_report_date"):
        found = [one for one in found if one["service_on"] == line["service_on"]]
    if not found:
        return None
    late = found[-1]["business_days_late"]
    tiers = fee.get("tiers") or [{"percent": 100}]
    return int(next(tier["percent"] for tier in tiers if tier.get("late_to") is None or late <= tier["late_to"]))


def _cents(exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _reports(books: Books) -> Mapping[str, Mapping[str, list[Data]]]:
    """Accepted reports of each referral by kind."""
    found: dict[str, dict[str, list[Data]]] = {}
    for one in books.words.get("report-accepted", ()):
        found.setdefault(one.key, {}).setdefault(one.data["kind"], []).append(one.data)
    return found


def _paid(books: Books) -> Iterator[tuple[Announced, Data]]:
    """Lines that are or will be paid, each with its judgement."""
    for id_, one in judgements(books).items():
        if id_ not in voided(books):
            yield from ((one, line) for line in one.data["lines"] if line["allowed_cents"])


def granted(books: Books) -> Iterator[str]:
    """No grant pays for more units than it grants or for other days, and no referral for more than it covers itself."""
    grants = {grant["grant"]: grant for grant in _grants(books)}
    used: dict[str, Decimal] = defaultdict(Decimal)
    by_code: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    itself: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one, line in _paid(books):
        by_code[one.key, line["code"]] += Decimal(str(line["units"]))
        for draw in line.get("drawn", ()):
            if draw["grant"]:
                used[draw["grant"]] += Decimal(str(draw["units"]))
                yield from _misdrawn(line, draw["grant"], grants.get(draw["grant"]))
            else:
                itself[one.key, line["code"]] += Decimal(str(draw["units"]))
        yield from _undrawn(line)
    for grant, units in used.items():
        if grant in grants and units > Decimal(str(grants[grant]["units"])):
            yield f"the grant {grant} of {grants[grant]['units']} units paid for {units}"
    yield from _over(books, "max_per_referral", by_code)
    yield from _over(books, "before_plan", itself)


def _misdrawn(line: Data, name: str, grant: Data | None) -> Iterator[str]:
    if grant is None:
        yield f"the line {line['line']} ({line['code']}) draws on the grant {name}, which nobody gave"
    elif line["code"] != grant["code"] or not grant["from_on"] <= line["service_on"] <= grant["to_on"]:
        yield f"the grant {name} of {grant['code']} paid for {line['code']} on {line['service_on']}"


def _undrawn(line: Data) -> Iterator[str]:
    """Each unit that is paid stands in a draw, and was billed."""
    drawn = sum((Decimal(str(draw["units"])) for draw in line.get("drawn", ())), Decimal(0))
    if not drawn == Decimal(str(line["units"])) <= Decimal(str(line["units_claimed"])):
        yield f"the line {line['line']} pays {line['units']} units of {line['units_claimed']}, {drawn} are covered"


def attended(books: Books) -> Iterator[str]:
    """Yield what is paid by attendance was attended: its day, and of a week enough days."""
    fees = {line["code"]: line for one in books.words.get("fee-schedule-published", ()) for line in one.data["lines"]}
    came: dict[str, set[date]] = defaultdict(set)
    for one in books.words.get("attendance-recorded", ()):
        came[one.key] |= {date.fromisoformat(d["on"]) for d in one.data["days"] if d["status"] == "attended"}
    for one, line in _paid(books):
        fee, on = fees.get(line["code"], {}), date.fromisoformat(line["service_on"])
        if fee.get("attendance", "none") != "none":
            week = [day for day in came[one.key] if day.isocalendar()[:2] == on.isocalendar()[:2]]
            if on not in week or len(week) < fee.get("min_days", 0):
                yield f"the referral {one.key} was paid {line['code']} of {on}, its week has {len(week)} attended days"


def _grants(books: Books) -> Iterator[Data]:
    for words in ("plan-approved", "plan-deemed-approved"):
        for one in books.words.get(words, ()):
            yield from one.data["lines"]


def _over(books: Books, member: str, by_code: Mapping[tuple[str, str], Decimal]) -> Iterator[str]:
    """More units of a code on a referral than any version of its fee allows."""
    most: dict[str, Decimal] = {}
    for one in books.words.get("fee-schedule-published", ()):
        for line in one.data["lines"]:
            if line.get(member) is not None:
                most[line["code"]] = max(most.get(line["code"], Decimal(0)), Decimal(str(line[member])))
    for (key, code), units in by_code.items():
        if code in most and units > most[code]:
            yield f"the referral {key} was paid {units} units of {code}, {member} is {most[code]}"
