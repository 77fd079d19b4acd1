"""What a report of each kind must carry, as dated files say, and every fault of one that was sent in."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple

from services.program.domain.case import Case, CaseContext, Obligation
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Violation
from shared.events.portal import ProviderSubmittedReport

_DISCIPLINES = code_list("disciplines")
_SECTIONS, _MEASURES = code_list("report-sections"), code_list("measures")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Required(NamedTuple):
    """A section or a measure that a kind of report needs between two days; a measure lies within its bounds."""

    kind: str
    first: date
    last: date
    part: Literal["section", "measure"]
    name: str
    low: int = 0
    high: int = 0


def faults(
    act: ProviderSubmittedReport, case: Case, due: Obligation, context: CaseContext, contents: Sequence[Required]
) -> tuple[Violation, ...]:
    """Everything that is wrong with a report, all at once."""
    day = act.service_on or context.today
    needed = [r for r in contents if r.kind == due.kind and r.first <= day <= r.last]
    return (*_days(act, case, due, context), *_author(act, context), *_document(act), *_parts(act, needed))


def _days(act: ProviderSubmittedReport, case: Case, due: Obligation, context: CaseContext) -> Iterator[Violation]:
    """The day of service lies in the program; a discharge is of its last day."""
    day = act.service_on
    if day is None:
        yield _missing("service_on", "there is no day of service", "give the day")
        return
    if day > context.today:
        fix = f"give a day up to {wording.day(context.today)}"
        yield _flaw("DATE-FUTURE", "service_on", "this day has not come yet", fix)
    if case.initial_visit_on and day < case.initial_visit_on:
        first = wording.day(case.initial_visit_on)
        rule = f"this day is before the program began, on {first}"
        yield _flaw("DOS-PROGRAM", "service_on", rule, f"give a day from {first} on")
    if case.last_on and due.kind == "discharge" and day != case.last_on:
        last = wording.day(case.last_on)
        rule = "this is not the last day of treatment, which a discharge report tells of"
        yield _flaw("RPT-DOS", "service_on", rule, f"give {last}")
    elif case.last_on and day > case.last_on and due.kind != "follow-up":
        last = wording.day(case.last_on)
        yield _flaw(
            "DOS-PROGRAM", "service_on", f"this day is after treatment ended, on {last}", f"give a day up to {last}"
        )


def _author(act: ProviderSubmittedReport, context: CaseContext) -> Iterator[Violation]:
    """A discipline of the program that the contract names, too."""
    entry, contract = context.entry, context.contract
    known = (*entry.core_disciplines, *entry.supplemental_disciplines)
    taken = [d for d in known if d in contract.disciplines or not contract.disciplines]
    fix = f"choose {wording.either(_DISCIPLINES.sentence(d) for d in taken)}"
    if act.author_discipline is None:
        yield _missing("author_discipline", "the author's discipline is not given", fix)
    elif act.author_discipline not in taken:
        rule = "program or contract do not take reports of this discipline"
        yield _flaw("DISCIPLINE", "author_discipline", rule, fix)


def _document(act: ProviderSubmittedReport) -> Iterator[Violation]:
    """The narrative lies in the document store."""
    if not act.document_id:
        yield _missing("document_id", "the text of the report is missing", "write it")
    if not _SHA256.fullmatch(act.document_sha256 or ""):
        rule, fix = (
            "the text of the report is named without its hash",
            "give the SHA-256 of its bytes, 64 hexadecimal digits",
        )
        yield _missing("document_sha256", rule, fix)


def _parts(act: ProviderSubmittedReport, needed: Sequence[Required]) -> Iterator[Violation]:
    """Sections are there, measures are there and within their bounds."""
    for part in needed:
        if part.part == "section" and part.name not in act.sections:
            rule = f"the section {_SECTIONS.label(part.name)} is missing"
            yield _flaw("RPT-INCOMPLETE", f"sections.{part.name}", rule, "write it")
        elif part.part == "measure" and not part.low <= act.measures.get(part.name, part.low - 1) <= part.high:
            lacks = "lies outside its bounds" if part.name in act.measures else "is missing"
            rule, fix = (
                f"the measure {_MEASURES.label(part.name)} {lacks}",
                f"give a number from {part.low} to {part.high}",
            )
            yield _flaw("RPT-INCOMPLETE", f"measures.{part.name}", rule, fix)


def _flaw(code: str, field: str, rule: str, fix: str) -> Violation:
    return Violation(code=code, rule=rule, fix=fix, field=field)


def _missing(field: str, rule: str, fix: str) -> Violation:
    return _flaw("FIELD-MISSING", field, rule, fix)
