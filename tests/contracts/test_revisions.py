"""What was published under a revision stays as it was: fees, contracts, calendars, programs and terms."""

from datetime import date

from services.program.app import CATALOGUE, read_catalogue
from shared.events.program import ProgramPublished
from tests.contracts import revisions


def test_every_published_revision_says_what_it_said_when_it_was_published() -> None:
    known = revisions.known()
    assert {name: known.get(name) for name in revisions.published()} == revisions.published()


def test_a_revision_that_was_published_is_not_taken_back_except_for_a_newer_one() -> None:
    newest = {name.rpartition(" ")[0]: int(name.rpartition(" ")[2]) for name in sorted(revisions.published())}
    for name in revisions.known():
        document, _, revision = name.rpartition(" ")
        assert newest.get(document, 0) >= int(revision), f"{name} is gone"


def test_one_changed_cent_day_or_word_changes_the_hash() -> None:
    program = next(entry for entry in read_catalogue(CATALOGUE) if isinstance(entry, ProgramPublished))
    changes: list[dict[str, object]] = [
        {"basis": "said anew"},
        {"effective_from": date(2021, 11, 2)},
        {"precedence": 8},
    ]
    hashes = {revisions.hash_of(program.model_copy(update=change)) for change in changes}
    assert len(hashes - {revisions.hash_of(program)}) == len(changes)


def test_a_member_that_a_contract_gains_later_leaves_the_hash_as_it_is() -> None:
    class Grown(ProgramPublished):
        gained: str | None = None

    program = next(entry for entry in read_catalogue(CATALOGUE) if isinstance(entry, ProgramPublished))
    assert revisions.hash_of(Grown.model_validate(program.model_dump())) == revisions.hash_of(program)
