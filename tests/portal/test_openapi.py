"""The API is what its document says: called with what the document allows and with what it forbids, it never breaks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from services.portal.api.access import ACCESS
from tests.portal import treated
from tests.portal.conftest import built, furnished
from tests.portal.world import World
from tests.stack.databases import Databases

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
EXAMPLES = 18  # of each call, more than a thousand in all; `make test-all` asks many more


@pytest.fixture
async def portal(databases: Databases, tmp_path: Path) -> AsyncIterator[World]:
    """One of its own: what it is asked is anything."""
    async with built(databases) as house, furnished(house, tmp_path) as found:
        yield found


async def document(portal: World) -> dict[str, Any]:
    answer = await portal.client.get("/api/v1/openapi.json")
    said: dict[str, Any] = answer.json()
    return said


async def test_the_document_lists_every_call(portal: World) -> None:
    said = await document(portal)
    assert said["openapi"].startswith("3.1")
    listed = {
        (method.upper(), path.removeprefix("/api/v1")) for path, calls in said["paths"].items() for method in calls
    }
    assert listed == ACCESS.keys()
    for calls in said["paths"].values():
        assert all(call["security"] for call in calls.values())


WHO = {"a-officer": "^/api/v1/officer/", "a-payer": "^/api/v1/runs"}
CLINIC = "^/api/v1/(?!officer/|runs|events)"  # but the endless one


def ask(base: str, said: dict[str, Any], headers: dict[str, str], paths: str, examples: int) -> None:
    """Every call that somebody may make, with good and with bad requests."""
    schema = schemathesis.openapi.from_dict(said).include(path_regex=paths)
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # the document is ours: all of it is sound

        def strategy(mode: GenerationMode, operation: Any = operation) -> st.SearchStrategy[Any]:
            made: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=mode)
            return made

        @seed(1)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=st.one_of([strategy(GenerationMode.POSITIVE), strategy(GenerationMode.NEGATIVE)]))
        def check(case: Any) -> None:
            answer = case.call(base_url=base, headers=headers)
            case.validate_response(answer, checks=CHECKS)

        check()


@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(500, marks=pytest.mark.long)])
async def test_no_request_breaks_the_portal(portal: World, examples: int) -> None:
    await portal.hear(*treated.TREATED)
    said = await document(portal)
    for account, paths in (WHO | {"a-north-admin": CLINIC}).items():
        await asyncio.to_thread(ask, str(portal.client.base_url), said, portal.auth(account), paths, examples)


async def test_while_the_database_is_away_it_is_said_so(portal: World) -> None:
    portal.pool.terminate()
    answer = await portal.client.get("/api/v1/me", headers=portal.auth("a-north"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.headers["content-type"] == "application/problem+json"
