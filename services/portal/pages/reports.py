"""Reports: which are due, the sections of each as one writes them, a last look, and what became of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Response

from services.portal.api import treatment
from services.portal.api.case_documents import CaseDocuments
from services.portal.api.problems import not_found
from services.portal.api.referrals import Number, find_held, page_of
from services.portal.api.request_bodies import Report
from services.portal.api.treatment import ReportName
from services.portal.domain.tasks import worth_of
from services.portal.domain.text_display import shows, trimmed
from services.portal.domain.typed_values import Reader, Unreadable, read_day, read_whole
from services.portal.pages import drafts
from services.portal.pages.forms import Fields, Outcome, Submitted, body_read
from services.portal.pages.page_request import PageRequest, SignedIn
from services.portal.pages.rendering import page
from services.portal.store.case_documents import list_documents
from services.portal.store.contents import Part, parts_of
from shared.config import clock

router = APIRouter(prefix="/referrals/{number}/reports")
Section = Annotated[str, Path(pattern=r"^[a-z][a-z-]{0,39}$")]
_WHOLE = re.compile(r"-?[0-9]{1,9}")  # what is measured
_HEAD = "## "  # begins a section in the narrative
ABOUT, MEASURES = "about", "measures"  # the sections that hold no text


class Writing(NamedTuple):
    """A report that is being written: the paper, the draft, and what its kind must carry."""

    document: Mapping[str, Any]
    opened: drafts.Editing
    parts: Sequence[Part]

    @property
    def sections(self) -> Sequence[str]:
        """Pages of the report in their order."""
        texts = [part.name for part in self.parts if part.part == "section"]
        return (ABOUT, *texts, *([MEASURES] if self.measures else ()))

    @property
    def measures(self) -> Sequence[Part]:
        """Return what is measured, within which bounds."""
        return [part for part in self.parts if part.part == "measure"]

    @property
    def fields(self) -> Fields:
        """As typed; of a report that came back as it was sent."""
        return {**sent_fields(self.document), **self.opened.fields}

    @property
    def next_section(self) -> str:
        """The first one that is not done, or the last look."""
        return next((one for one in self.sections if self.state_of(one) != "done"), "check")

    def state_of(self, section: str) -> str:
        """Returned, done, begun or not."""
        returned = {str(flaw.get("field") or "").rpartition(".")[2] for flaw in self.document.get("fields") or ()}
        if section in returned or (section == ABOUT and returned & {"service_on", "author_discipline"}):
            return "returned"
        needed = self.needed(section)
        there = [name for name in needed if shows(self.fields.get(name, ""))]
        done = [name for name in there if self._can_be_read(name)]
        return "done" if len(done) == len(needed) else "in work" if there else "not started"

    def _can_be_read(self, name: str) -> bool:
        """Return whether a field holds a value of its kind; any text will do for a section."""
        first, text = name.partition(".")[0], self.fields.get(name, "")
        read: Reader[Any] = {"measures": read_whole, "service_on": read_day}.get(first, str)
        return not isinstance(read(text), Unreadable)

    def needed(self, section: str) -> Sequence[str]:
        """The fields of a section."""
        if section == ABOUT:
            return ["service_on", "author_discipline"]
        return [f"measures.{m.name}" for m in self.measures] if section == MEASURES else [f"sections.{section}"]


def sent_fields(document: Mapping[str, Any]) -> dict[str, str]:
    """Return what was sent, field by field."""
    said = {f"measures.{name}": str(value) for name, value in (document.get("measures") or {}).items()}
    said |= {name: str(document[name]) for name in ("service_on", "author_discipline") if document.get(name)}
    return said | {f"sections.{name}": text for name, text in told_sections(document.get("narrative") or "")}


def told_sections(narrative: str) -> Sequence[tuple[str, str]]:
    """A narrative by its headings; a text without any is one section without a name."""
    found: list[tuple[str, list[str]]] = []
    for line in narrative.splitlines():
        if line.startswith(_HEAD):
            found.append((line.removeprefix(_HEAD).strip(), []))
        elif found:
            found[-1][1].append(line)
        elif line.strip():
            found.append(("", [line]))
    return [(name, "\n".join(lines).strip()) for name, lines in found]


async def _writing(request: PageRequest, number: str, name: str, *, is_read: bool = False) -> Writing:
    view = await find_held(request.portal, request.caller, number)
    document = await CaseDocuments(request.portal, request.caller, view.referral_id).current_view("report", name)
    if not document:
        raise not_found()
    today = request.register.calendar(view.body.get("contract_id")).day_of(clock.now())
    opened = await drafts.open_draft(request, number, "report", name, is_read=is_read)
    return Writing(document, opened, parts_of(document["kind"], today))


async def _context(request: PageRequest, writing: Writing, outcome: Outcome | None) -> dict[str, Any]:
    view = writing.opened.view
    contract_id = view.body.get("contract_id")
    fees = request.register.fees(contract_id, request.register.calendar(contract_id).day_of(clock.now()))
    return {
        **await request.frame("referrals", live=False),
        "r": await page_of(request.portal, view),
        "p": writing.document,
        "w": writing,
        "editing": writing.opened,
        "contract_id": contract_id,
        "worth": worth_of(fees.values(), writing.document["kind"]),
        "tiers": next(
            (fee.tiers for fee in fees.values() if fee.needs_report == writing.document["kind"] and fee.tiers), ()
        ),
        "outcome": outcome,
        "f": outcome.fields if outcome else writing.fields,
    }


@router.get("")
async def list_reports(number: Number, request: SignedIn) -> Response:
    """Every report with its day, why then, and what became of it."""
    view = await find_held(request.portal, request.caller, number)
    async with request.portal.reading(request.caller) as conn:
        found = [document for document, _ in await list_documents(conn, view.referral_id, "report", 0, 200)]
    context = {
        "r": await page_of(request.portal, view),
        "reports": sorted(found, key=lambda document: str(document.body.get("due_at"))),
        "contract_id": view.body.get("contract_id"),
    }
    return page(request.request, "reports/list.html", {**await request.frame("referrals"), **context})


@router.get("/{name}")
async def show(number: Number, name: ReportName, request: SignedIn) -> Response:
    """The sections with their states, or the report as it was sent."""
    writing = await _writing(request, number, name, is_read=True)
    context = {**await _context(request, writing, None), "live": True}
    context["told"] = told_sections(writing.document.get("narrative") or "")
    return page(request.request, "reports/show.html", context)


@router.get("/{name}/check")
async def check(number: Number, name: ReportName, request: SignedIn) -> Response:
    """All answers, and what sending does."""
    return page(
        request.request, "reports/check.html", await _context(request, await _writing(request, number, name), None)
    )


@router.post("/{name}/check")
async def send(number: Number, name: ReportName, submission: Submitted) -> Response:
    """The report goes out as it stands in the draft; the draft is done with once it is taken."""
    writing = await _writing(submission.visit, number, name)
    fields = writing.fields
    outcome = await submission.act(treatment.report, number, lambda: _body(writing, name, fields))
    if not outcome.is_sent:
        context = await _context(submission.visit, writing, replace(outcome, fields=fields))
        return page(submission.visit.request, "reports/check.html", context, status=outcome.status)
    if outcome.is_decided:
        await drafts.drop(submission, writing.opened)
    return submission.go(outcome, f"/referrals/{number}/reports/{name}")


def _body(writing: Writing, name: str, fields: Fields) -> Report:
    """The answers as the API takes them; the texts are one narrative with a heading each."""
    texts = [part.name for part in writing.parts if part.part == "section"]
    return written(name, texts, [part.name for part in writing.measures], fields)


def written(name: str, sections: Sequence[str], measures: Sequence[str], fields: Fields) -> Report:
    """A report of these sections and measures as it was typed."""
    there = [text for text in sections if shows(fields.get(f"sections.{text}", ""))]
    said = {m: fields.get(f"measures.{m}", "") for m in measures}
    typed = {f"measures.{m}": (read_whole, text) for m, text in said.items() if shows(text)}
    members = {
        "report": name,
        "service_on": fields.get("service_on"),
        "author_discipline": fields.get("author_discipline"),
        "sections": there,
        "narrative": "\n\n".join(f"{_HEAD}{text}\n{trimmed(fields[f'sections.{text}'])}" for text in there),
    }
    return body_read(
        Report,
        typed,
        lambda read: {**members, "measures": {place.removeprefix("measures."): value for place, value in read.items()}},
    )


@router.get("/{name}/{section}")
async def write(number: Number, name: ReportName, section: Section, request: SignedIn) -> Response:
    """One section on a page."""
    return await _section(request, await _writing(request, number, name), section)


async def _section(request: PageRequest, writing: Writing, section: str, outcome: Outcome | None = None) -> Response:
    if section not in writing.sections:
        raise not_found()
    context = {**await _context(request, writing, outcome), "section": section, "after": _after(writing, section)}
    return page(request.request, "reports/section.html", context, status=outcome.status if outcome else 200)


def _after(writing: Writing, section: str) -> str:
    """The next section, or the last look."""
    following = [*writing.sections, "check"]
    return following[following.index(section) + 1]


@router.post("/{name}/{section}")
async def keep(number: Number, name: ReportName, section: Section, submission: Submitted) -> Response:
    """Saved as one types; or saved and on to the next section."""
    writing = await _writing(submission.visit, number, name)
    if section not in writing.sections:
        raise not_found()
    typed = {field: submission.fields.get(field, "") for field in writing.needed(section)}
    is_saved = await drafts.save(submission, writing.opened, typed)
    if drafts.is_typing(submission):
        return await drafts.told(submission, writing.opened, is_saved=is_saved)
    if not is_saved:
        return await _section(submission.visit, writing, section, drafts.changed_meanwhile(submission, writing.opened))
    return drafts.back(f"/referrals/{number}/reports/{name}/{_after(writing, section)}")
