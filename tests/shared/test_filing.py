"""What a file says is announced once, whatever the contract gained since."""

from datetime import date

import orjson
import pytest

from shared.domain.decision import Outcome
from shared.events import catalogue
from shared.events.procurement import SiteOpened
from shared.registers.published_documents import Conflict, Document, Filed, file, filed

SITE = SiteOpened(
    site_id="van-1", organisation_id="o-1", payee_id="p-1", name="One", community="Vancouver",
    opened_on=date(2020, 1, 1),
)  # fmt: skip


def known(said: Filed, body: str) -> Document:
    return Document(said.document_id, 1, 1, body)


def without(said: Filed, member: str) -> str:
    body = orjson.loads(said.body)
    del body[member]
    return orjson.dumps(body).decode()


def test_a_document_that_is_new_is_announced() -> None:
    outcome = file(None, filed(SITE, numbered=True), catalogue.every())
    assert outcome.events == (SITE,)


def test_a_member_that_the_contract_gained_since_changes_no_document() -> None:
    said = filed(SITE, numbered=True)
    older = without(said, "languages")
    assert older != said.body
    assert file(known(said, older), said, catalogue.every()) == Outcome()


def test_what_was_announced_under_a_revision_is_never_changed() -> None:
    said = filed(SITE, numbered=True)
    changed = filed(SITE.model_copy(update={"name": "Two"}), numbered=True)
    with pytest.raises(Conflict):
        file(known(said, said.body), changed, catalogue.every())
