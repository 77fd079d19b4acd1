"""Drafts: what somebody types is kept as they type, for the whole site, and nobody writes over another unseen."""

from collections.abc import Mapping
from typing import NamedTuple

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal.api.problems import Problem, error, not_found
from services.portal.api.referrals import find_held
from services.portal.domain.typed_values import read_index
from services.portal.pages.forms import FormSubmission, Outcome
from services.portal.pages.page_request import PageRequest
from services.portal.pages.people import full_name
from services.portal.pages.rendering import HEADERS, rendered
from services.portal.store.accounts import identities_of
from services.portal.store.drafts import Draft, Saving, drop_draft, find_draft, save_draft
from services.portal.store.referral_views import ReferralView
from shared.config import clock

_MOST_FIELDS, _LONGEST = 5_000, 1_000_000  # of one draft: fields, and characters of all of them together


class Editing(NamedTuple):
    """A draft with the referral that it belongs to, and who saved it last."""

    view: ReferralView
    draft: Draft
    saved_by: str = ""

    @property
    def fields(self) -> Mapping[str, str]:
        """As typed."""
        return self.draft.fields

    @property
    def is_begun(self) -> bool:
        """Somebody typed it, and it was not sent since."""
        return bool(self.draft.fields)


async def open_draft(request: PageRequest, number: str, kind: str, name: str, *, is_read: bool = False) -> Editing:
    """The site's draft of a document of a referral that it has.

    One that had it may still read what was sent, and put its invoices right.
    """
    view = await find_held(request.portal, request.caller, number)
    if view.is_lost and kind != "invoice" and not is_read:
        raise not_found()
    new = Draft(view.referral_id, kind, name, view.site_id, view.organisation_id)
    async with request.portal.reading(request.caller) as reader, request.portal.context.pool.acquire() as conn:
        draft = await find_draft(conn, reader, new)
        key = f"account/{draft.saved_by}"
        who = (await identities_of(conn, [key])).get(key) if draft.saved_by else None
    return Editing(view, draft, full_name(who))


async def save(submission: FormSubmission, editing: Editing, fields: Mapping[str, str] | None = None) -> bool:
    """False when somebody else saved it since this page was opened; then nothing is written over."""
    typed = submission.typed if fields is None else fields
    said = {name: value for name, value in typed.items() if name != "how"}
    return await replace(submission, editing, {**editing.fields, **said})


async def replace(submission: FormSubmission, editing: Editing, fields: Mapping[str, str]) -> bool:
    """The same with these fields alone."""
    if fields == editing.fields:
        return True  # it is saved: a form that comes twice, too
    return await _keep(submission, editing.draft._replace(version=_version(submission), fields=dict(fields)))


async def begin(submission: FormSubmission, editing: Editing, fields: Mapping[str, str]) -> bool:
    """With these fields to begin with; False where one is begun, and it stays as it is."""
    return not editing.is_begun and await _keep(submission, editing.draft._replace(fields=dict(fields)))


async def _keep(submission: FormSubmission, draft: Draft) -> bool:
    if len(draft.fields) > _MOST_FIELDS or sum(map(len, draft.fields.values())) > _LONGEST:
        raise Problem(413, "A draft holds no more than this: send it, or shorten its longest texts.")
    async with submission.visit.portal.context.pool.acquire() as conn, conn.transaction():
        return await save_draft(conn, draft, _saving(submission))


def _saving(submission: FormSubmission) -> Saving:
    return Saving(submission.caller.account_id, clock.now(), submission.fields.get("page"), not is_typing(submission))


def _version(submission: FormSubmission) -> int:
    return read_index(submission.fields.get("version", "0")) or 0


async def drop(submission: FormSubmission, editing: Editing) -> None:
    """It was sent, or nobody wants it."""
    async with submission.visit.portal.context.pool.acquire() as conn, conn.transaction():
        await drop_draft(conn, editing.draft, _saving(submission))


async def told(
    submission: FormSubmission, editing: Editing, *, is_saved: bool, context: Mapping[str, object] | None = None
) -> Response:
    """Return what stands beside the form afterwards: saved at which time, or by whom it was changed meanwhile."""
    request = submission.visit
    now = await open_draft(request, editing.view.number, editing.draft.kind, editing.draft.name)
    body = rendered("editing/saved.html", {"is_saved": is_saved, "editing": now, "visit": request, **(context or {})})
    return HTMLResponse(body, headers=HEADERS)


def changed_meanwhile(submission: FormSubmission, editing: Editing) -> Outcome:
    """It was saved elsewhere since the page was opened: what was typed stands on it, theirs is a tab away."""
    is_own = editing.draft.saved_by == submission.caller.account_id
    title = "You changed this draft in another window" if is_own else "Somebody else changed this draft"
    detail = (
        "It was not saved. What you typed stands below; open the page in another tab to see "
        f"{'the other version' if is_own else 'theirs'}. Press again to keep {'this one' if is_own else 'yours'}."
    )
    reason = error(None, "DRAFT-CHANGED", "two pages typed into one draft", "compare, then save again")
    return Outcome(problem=Problem(409, detail, [reason], {"title": title}), fields=submission.typed)


def is_typing(submission: FormSubmission) -> bool:
    """Return whether the page saves by itself while somebody types."""
    return submission.visit.request.headers.get("hx-request") == "true"


def back(place: str) -> Response:
    """To the page again."""
    return RedirectResponse(place, 303)
