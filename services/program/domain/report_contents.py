"""The faults of a report: its day, author and text, and the sections and measures that its kind requires."""

from collections.abc import Iterator, Sequence

from services.program.domain.case import Case, Obligation
from services.program.domain.context import CaseContext, RequiredPart
from services.program.domain.refusals import document_faults, missing, violation
from shared.codes import code_list
from shared.domain import wording
from shared.domain.decision import Violation
from shared.events.portal import ProviderSubmittedReport

_DISCIPLINES = code_list("disciplines")
_SECTIONS, _MEASURES = code_list("report-sections"), code_list("measures")


def faults(
    action: ProviderSubmittedReport, case: Case, obligation: Obligation, context: CaseContext
) -> tuple[Violation, ...]:
    """Return everything that is wrong with a report; empty when it is complete."""
    day = action.service_on or context.today
    required = [r for r in context.contents if r.kind == obligation.kind and r.first <= day <= r.last]
    return (
        *_day_faults(action, case, obligation, context),
        *_author_faults(action, context),
        *document_faults(action.document_id, action.document_sha256, "document", "the text of the report"),
        *_part_faults(action, required),
    )


def _day_faults(
    action: ProviderSubmittedReport, case: Case, obligation: Obligation, context: CaseContext
) -> Iterator[Violation]:
    """Yield a violation unless the day of service lies within the program; a discharge report is of its last day."""
    day = action.service_on
    if day is None:
        yield missing("service_on", "there is no day of service", "give the day")
        return
    if day > context.today:
        fix = f"give a day up to {wording.day(context.today)}"
        yield violation("DATE-FUTURE", "service_on", "this day has not come yet", fix)
    if case.initial_visit_on and day < case.initial_visit_on:
        first = wording.day(case.initial_visit_on)
        rule = f"this day is before the program began, on {first}"
        yield violation("DOS-PROGRAM", "service_on", rule, f"give a day from {first} on")
    if case.last_on and obligation.kind == "discharge" and day != case.last_on:
        last = wording.day(case.last_on)
        rule = "this is not the last day of treatment, which a discharge report tells of"
        yield violation("RPT-DOS", "service_on", rule, f"give {last}")
    elif case.last_on and day > case.last_on and obligation.kind != "follow-up":
        last = wording.day(case.last_on)
        rule = f"this day is after treatment ended, on {last}"
        yield violation("DOS-PROGRAM", "service_on", rule, f"give a day up to {last}")


def _author_faults(action: ProviderSubmittedReport, context: CaseContext) -> Iterator[Violation]:
    """Yield a violation unless the author's discipline is one of the program's that the contract names too."""
    entry, contract = context.entry, context.contract
    disciplines = (*entry.core_disciplines, *entry.supplemental_disciplines)
    allowed = [d for d in disciplines if d in contract.disciplines or not contract.disciplines]
    fix = f"choose {wording.either(_DISCIPLINES.sentence(d) for d in allowed)}"
    if action.author_discipline is None:
        yield missing("author_discipline", "the author's discipline is not given", fix)
    elif action.author_discipline not in allowed:
        rule = "program or contract do not take reports of this discipline"
        yield violation("DISCIPLINE", "author_discipline", rule, fix)


def _part_faults(action: ProviderSubmittedReport, required: Sequence[RequiredPart]) -> Iterator[Violation]:
    """Yield a violation for each section that is missing, and each measure that is missing or out of bounds."""
    for part in required:
        if part.part == "section" and part.name not in action.sections:
            rule = f"the section {_SECTIONS.label(part.name)} is missing"
            yield violation("RPT-INCOMPLETE", f"sections.{part.name}", rule, "write it")
        elif part.part == "measure" and not part.low <= action.measures.get(part.name, part.low - 1) <= part.high:
            problem = "lies outside its bounds" if part.name in action.measures else "is missing"
            rule = f"the measure {_MEASURES.label(part.name)} {problem}"
            fix = f"give a number from {part.low} to {part.high}"
            yield violation("RPT-INCOMPLETE", f"measures.{part.name}", rule, fix)
