"""What people type is read in one room: no page and no call of the portal reads it as Python happens to."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.local.processes import ROOT

PORTAL = ROOT / "services" / "portal"
READERS = PORTAL / "domain" / "typed_values.py"
# what takes more forms than a person means: zones, exponents, digits of other scripts
LENIENT = {"fromisoformat", "strptime", "isdigit", "isdecimal", "isnumeric", "Decimal", "int", "float"}
# (file, function, what): why it reads no typed text
NOT_TYPED: Mapping[tuple[str, str, str], str] = {
    ("api/actions.py", "wait_of", "isdigit"): "a header of programs, ASCII digits alone",
    ("api/actions.py", "wait_of", "int"): "a header of programs, ASCII digits alone",
    ("api/action_requests.py", "_revision_in", "int"): "a header whose pattern is digits",
    ("api/middleware.py", "*", "*"): "headers of the transport",
    ("api/me.py", "*", "int"): "a cursor whose pattern is digits",
    ("api/paging.py", "*", "int"): "a cursor whose pattern is digits",
    ("api/case_documents.py", "*", "int"): "the number of a plan as it is stored",
    ("api/request_body.py", "announced_length", "isdigit"): "a header of the transport, ASCII digits alone",
    ("api/request_body.py", "announced_length", "int"): "a header of the transport, ASCII digits alone",
    ("api/referrals.py", "filter_of", "int"): "a cursor whose pattern is digits",
    ("pages/inbox.py", "officer_task", "fromisoformat"): "stored as JSON",
    ("pages/invoices.py", "list_all", "int"): "a cursor whose pattern is digits",
    ("pages/invoices.py", "_done", "Decimal"): "stored as JSON",
    ("pages/invoices.py", "_done", "fromisoformat"): "stored as JSON",
    ("pages/officer.py", "show_queue", "int"): "a cursor whose pattern is digits",
    ("pages/operations.py", "show", "fromisoformat"): "stored as JSON",
    ("pages/payments.py", "show_payments", "int"): "a cursor whose pattern is digits",
    ("pages/referrals.py", "list_all", "int"): "a cursor whose pattern is digits",
    ("pages/formatting.py", "instant", "fromisoformat"): "stored as JSON",
    ("pages/formatting.py", "a_day", "fromisoformat"): "stored as JSON",
    ("pages/formatting.py", "counted", "fromisoformat"): "stored as JSON",
    ("pages/formatting.py", "units", "Decimal"): "stored as JSON",
    ("pages/formatting.py", "left", "int"): "of seconds",
}


def called(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The function in which each call stands, and the name of what is called."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    name = node.func
                    yield function.name, name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")


def lenient_calls(path: Path) -> set[tuple[str, str, str]]:
    """Every call in a module that reads text as Python does."""
    place = str(path.relative_to(PORTAL))
    return {(place, within, name) for within, name in called(ast.parse(path.read_text())) if name in LENIENT}


def is_allowed(place: str, within: str, name: str) -> bool:
    """Return whether a reason stands in the list."""
    return any(one in NOT_TYPED for one in ((place, within, name), (place, "*", name), (place, "*", "*")))


def test_no_page_and_no_call_reads_typed_text_as_python_happens_to() -> None:
    found = {
        one for folder in ("pages", "api") for path in (PORTAL / folder).glob("*.py") for one in lenient_calls(path)
    }
    assert {one for one in found if not is_allowed(*one)} == set()
