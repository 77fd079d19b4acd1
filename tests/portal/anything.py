"""Requests with anything in them: what people, programs and attackers put where something else is expected."""

from typing import Any, NamedTuple
from urllib.parse import quote, quote_from_bytes, urlencode

import orjson
from hypothesis import strategies as st

from services.portal.api.access import ACCESS
from services.portal.pages.access import PAGES
from tests.portal import treated
from tests.portal.story import NUMBER

STATIC = "/static/{named}/{path:path}"
OF = {"claims_officer": "a-officer", "payment_officer": "a-payer", "worker": "a-worker"}
KEY = "7c7f0f5e-5d0a-4d5e-9a51-0a6a5b1f0a14"
THERE = {
    "number": NUMBER,
    "plan": "1",
    "name": "initial",
    "section": "history",
    "invoice_id": f"draft-{NUMBER}",
    "remittance_id": treated.REMITTANCE,
    "run_id": treated.RUN,
    "operation_id": KEY,
    "notice_id": KEY,
    "calendar_id": "bc",
    "named": "x",
    "rule": "STALE",
    "path": "pp.css",
}
ODD = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\N{SUPERSCRIPT TWO}",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{NO-BREAK SPACE}2024-11-12",
    "\ufffe",
    "-",
    "--5",
    "-0",
    "+1",
    "1_000",
    "007",
    "1" * 28,
    "9" * 400,
    "9" * 5000,
    "1e999999999",
    "1e-999999999",
    "1.5",
    "0x10",
    "NaN",
    "sNaN",
    "-Infinity",
    "96,00",
    "$1,2,3.4",
    "1e28",
    "2024-11-12",
    "2024-02-30",
    "0001-01-01",
    "9999-12-31",
    "20241112",
    "2024-W41-2",
    "24:00",
    "09.30",
    "09:30Z",
    "09:30+23:59",
    "2024-11-12T09:00:00-08:00",
    "9999-12-31T23:59:59+14:00",
    "0001-01-01T00:00:00-14:00",
    "yes",
    "true",
    "null",
    "[]",
    "' OR 1=1 --",
    "{{ 7 * 7 }}",
    "<script>",
    "../../etc/passwd",
    "//elsewhere.example",
    "draft-",
    "%",
    "%zz",
    "\r\nSet-Cookie: x=y",
    "x" * 3000,
    "1",
    "0",
    "99999999999",
    "add",
    "send",
    "check",
    "remove.0",
    "remove.\N{SUPERSCRIPT TWO}",
    "remove.-1",
)
NAMES = (
    *("how", "key", "seen", "then", "version", "page", "rows", "at", "name", "password", "number", "pace", "plan"),
    *("comment", "reason_code", "next_step", "on", "confirmed_with_worker", "initial_visit_on", "review_on"),
    *("other_on", "other_status", "day.2024-11-12", "day.soon", "last_on", "exit_reason", "question", "text", "amends"),
    *("waive_code", "service_on", "author_discipline", "sections.history", "measures.pain", "invoiced_on", "rectifies"),
    *("lines.0.code", "lines.0.units", "lines.0.from_on", "lines.0.to_on", "lines.0.dollars", "lines.0.service_on"),
    *("lines.0.goal", "lines.0.discipline", "lines.0.line", "lines.0.replaces", "lines.1.units", "lines.99.units"),
    *(
        "lines.\N{SUPERSCRIPT TWO}.code",
        "lines..code",
        "lines.0.",
        "lines",
        "lines.0.lines.0.lines.0.code",
        "lines.-1.code",
    ),
    *("lines.99999999999999999999.code", "return.sections.history", "return.", "kept.comment", "kept.kept.day.x", ""),
)
QUERY = ("state", "cursor", "limit", "then", "did", "times", "site", "first", "last", "q", "role", "kind", "plan", "")
HEADERS = ("Idempotency-Key", "If-Match", "Prefer", "HX-Request", "Accept-Encoding", "Origin", "Last-Event-ID", "Range")

odd = st.sampled_from(ODD) | st.text(max_size=30)
names = st.sampled_from(NAMES) | st.text(max_size=20)
forms = st.dictionaries(names, odd, max_size=14)
json: st.SearchStrategy[Any] = st.recursive(
    odd
    | st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
BODIES = (
    *("reason_code", "comment", "next_step", "starts_at", "confirmed_with_worker", "initial_visit_on", "last_on"),
    *("review_on", "days", "lines", "plan", "amends", "text", "report", "service_on", "author_discipline", "measures"),
    *("sections", "narrative", "number", "invoiced_on", "cents", "rectifies", "invoice_id", "question", "fields"),
)
bodies = st.dictionaries(st.sampled_from(BODIES) | names, json, max_size=8) | json


class Anything(NamedTuple):
    """One request as whose it is sent."""

    account: str
    method: str
    path: str
    headers: dict[str, bytes]
    body: bytes | None


def account_for(roles: frozenset[str]) -> str:
    return next((account for role, account in OF.items() if roles == {role}), "a-north-admin")


@st.composite
def requests(draw: st.DrawFn, *, calls: bool) -> Anything:
    method, path = draw(st.sampled_from(sorted(ACCESS if calls else PAGES)))
    said = dict(THERE)
    if draw(st.booleans()):
        said |= draw(st.dictionaries(st.sampled_from(sorted(THERE)), odd | st.just("i-1"), max_size=1))
    place = path.replace(":path", "").format(**{name: quote(value, safe="") or "-" for name, value in said.items()})
    asked = draw(st.dictionaries(st.sampled_from(QUERY), odd, max_size=3))
    raw = draw(st.just(b"") | st.binary(max_size=20))
    query = "&".join(filter(None, (urlencode(asked), quote_from_bytes(raw, safe="&="))))
    headers = {
        name: value.encode() for name, value in draw(st.dictionaries(st.sampled_from(HEADERS), odd, max_size=2)).items()
    }
    headers = {
        name: bytes(b for b in value if b >= 0x20 and b != 0x7F)[:4000].strip() for name, value in headers.items()
    }
    roles = (ACCESS if calls else PAGES)[method, path]
    body = draw(_calls_body() if calls else _form_body()) if method == "POST" else None
    if calls:
        headers = {"Idempotency-Key": draw(st.uuids()).hex.encode(), "If-Match": b'"9"', **headers}
    kind = b"application/json" if calls else b"application/x-www-form-urlencoded"
    headers |= {"Content-Type": kind} if body is not None else {}
    return Anything(account_for(roles), method, f"{'/api/v1' if calls else ''}{place}?{query}", headers, body)


def _calls_body() -> st.SearchStrategy[bytes]:
    return bodies.map(lambda said: orjson.dumps(said, option=orjson.OPT_NON_STR_KEYS)) | st.binary(max_size=40)


def _form_body() -> st.SearchStrategy[bytes]:
    keyed = st.fixed_dictionaries(
        {"key": st.uuids().map(str), "seen": st.sampled_from(["1", "9", "99"]), "version": st.just("0")}
    )
    both = st.tuples(keyed | st.just({}), forms).map(lambda pair: urlencode({**pair[0], **pair[1]}).encode())
    return both | st.binary(max_size=60)
