"""Plans, reports, attendance and invoices of a referral as a clinic and the insurer are shown them."""

from typing import Any

from fastapi.responses import JSONResponse

from services.portal.api.dependencies import Portal
from services.portal.api.paging import Page
from services.portal.api.problems import not_found
from services.portal.domain.allowed_actions import clinic_on_document, officer_on_document
from services.portal.store.accounts import Caller
from services.portal.store.case_documents import CaseDocument, find_document, list_documents
from services.portal.store.documents import read_document

_INNER = frozenset({"stopped_door", "stopped_at"})
_WRITTEN = {"question_id": "question", "reply_id": "reply", "document_id": "narrative"}


def allowed_to_clinic(document: CaseDocument) -> list[str]:
    """Returns what a clinic may do with a document; one of a referral that it lost is there to be read."""
    return [] if document.is_left else clinic_on_document(document.kind, document.state, document.body)


def allowed_to_officer(document: CaseDocument) -> list[str]:
    """Returns what a claims officer may do with a document."""
    return officer_on_document(document.kind, document.state, document.body)


def document_page(document: CaseDocument, allowed: list[str]) -> dict[str, Any]:
    """Returns a document as a list shows it, without its texts."""
    body = {name: value for name, value in document.body.items() if name not in _WRITTEN and name not in _INNER}
    name: Any = int(document.name) if document.kind == "plan" else document.name
    known = "invoice_id" if document.kind == "invoice" else document.kind
    return {known: name, "state": document.state, "revision": document.revision, "allowed": allowed, **body}


class CaseDocuments:
    """The documents of one referral for one reader."""

    def __init__(self, portal: Portal, caller: Caller, referral_id: str) -> None:
        """`referral_id` is one that the caller may see."""
        self._portal, self._caller, self._referral_id = portal, caller, referral_id

    def _allowed(self, document: CaseDocument) -> list[str]:
        return allowed_to_officer(document) if self._caller.kind == "insurer" else allowed_to_clinic(document)

    async def list(self, kind: str, page: Page) -> dict[str, Any]:
        """Returns the documents of a kind in the order in which they changed."""
        async with self._portal.reading(self._caller) as conn:
            found = await list_documents(conn, self._referral_id, kind, page.after, page.most)
        return page.of(found, lambda one: one[1], lambda one: document_page(one[0], self._allowed(one[0])))

    async def find(self, kind: str, name: str) -> CaseDocument | None:
        """Returns a document as the reader may see it, or None."""
        async with self._portal.reading(self._caller) as conn:
            return await find_document(conn, self._referral_id, kind, name)

    async def current_view(self, kind: str, name: str) -> dict[str, Any]:
        """Returns all that there is to see of a document now; an empty dict where there is none yet."""
        found = await self.find(kind, name)
        return await self._whole(found) if found else {}

    async def page(self, kind: str, name: str) -> JSONResponse:
        """Renders a document with its revision as entity tag; raises a Problem of status 404."""
        found = await self.find(kind, name)
        if found is None:
            raise not_found()
        headers = {"ETag": f'"{found.revision}"', "Cache-Control": "private, no-cache"}
        return JSONResponse(await self._whole(found), headers=headers)

    async def attendance(self) -> dict[str, Any]:
        """Returns attendance day by day."""
        found = await self.find("attendance", "days")
        days = found.body["days"] if found else {}
        said = [{"on": on, "status": status} for on, status in days.items()]
        return {"revision": found.revision if found else 0, "days": said}

    async def _whole(self, document: CaseDocument) -> dict[str, Any]:
        texts = {name: document.body.get(member) for member, name in _WRITTEN.items() if member in document.body}
        async with self._portal.context.pool.acquire() as conn:
            opened = {
                name: await read_document(conn, self._referral_id, document_id) if document_id else None
                for name, document_id in texts.items()
            }
        return {**document_page(document, self._allowed(document)), **opened}
