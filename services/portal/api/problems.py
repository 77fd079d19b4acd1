"""Answers to what cannot be done, in the form of RFC 9457: every reason with its field, rule and fix."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from services.portal.api.faults import correlation_of, note_fault
from shared.database.postgres import passes

# what the database raises, by class; everything else that nobody foresaw is taken by `faults.Unforeseen`
FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
AWAY = "The database does not answer just now. Nothing that was answered is lost; the same request may be sent again."
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_TITLES = {
    400: "The request cannot be read",
    401: "Sign in first",
    404: "Not found",
    405: "No such action",
    408: "Too slow",
    409: "Not possible in this state",
    412: "What you saw has changed",
    413: "Too large",
    415: "Send JSON",
    422: "Something must be corrected",
    428: "Something must be added",
    429: "Too many requests",
    500: "A fault of ours",
    503: "Not possible just now",
}


_FORM = ("it has not the documented form", "send it as /api/v1/openapi.json says")


class Problem(Exception):  # noqa: N818 - an answer
    """Something that cannot be done, and what would make it possible."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`errors` has pointer, rule, reason and fix of each."""
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)
        self.extra, self.headers = dict(extra or {}), dict(headers or {})


def error(pointer: str | None, rule: str, reason: str, fix: str) -> dict[str, Any]:
    """One reason: where, by which rule, why, and what would make it right."""
    return {"pointer": pointer, "rule": rule, "reason": reason, "fix": {"text": fix}}


def not_found() -> Problem:
    """For what is not there and what is not yours alike."""
    return Problem(404, "There is nothing here for you.")


def problem_document(problem: Problem, instance: str | None = None) -> dict[str, Any]:
    """Returns the members of a problem by RFC 9457."""
    return {
        "type": f"/about/{problem.errors[0]['rule']}" if problem.errors else "about:blank",
        "title": _TITLES.get(problem.status, "Refused"),
        "status": problem.status,
        "detail": problem.detail,
        **({"instance": instance} if instance else {}),
        **({"errors": problem.errors} if problem.errors else {}),
        **problem.extra,
    }


def answer(problem: Problem, instance: str | None = None) -> JSONResponse:
    """Renders a problem as problem+json."""
    document = problem_document(problem, instance)
    return JSONResponse(document, problem.status, problem.headers, media_type="application/problem+json")


async def on_problem(_: Request, problem: Exception) -> JSONResponse:
    """Ours."""
    return answer(problem if isinstance(problem, Problem) else Problem(500, "Something of ours is wrong."))


async def on_invalid(_: Request, problem: Exception) -> JSONResponse:
    """Answer a body of the wrong shape with every faulty field, never with its content."""
    found = problem.errors() if isinstance(problem, RequestValidationError) else []
    if any(e["type"] == "json_invalid" for e in found):
        return answer(Problem(400, "The body is no JSON."))
    errors = [misshapen(e) for e in found]
    if any(e["type"] == "missing" and _is_condition(e["loc"]) for e in found):
        return answer(Problem(428, "Say what you saw, and by which key this request is known.", errors))
    return answer(Problem(422, "Some of it must be added or corrected.", errors))


def misshapen(found: Mapping[str, Any]) -> dict[str, Any]:
    """A field that has not the documented form; the framework's own sentences may hold what was sent."""
    kind, place = found["type"], found["loc"]
    if kind == "missing":
        return error(pointer_to(place), "MISSING", "it is needed", "add it")
    if kind == "extra_forbidden":
        return error(None, "UNKNOWN-FIELD", "the body holds a field that is not known here", "leave it out")
    return error(pointer_to(place), rule_of(found), *(sentences_of(found) or _FORM))


def rule_of(found: Mapping[str, Any]) -> str:
    """The code of a fault of form."""
    match found["type"]:
        case "missing":
            return "MISSING"
        case "too_long":
            return "TOO-MANY"
        case "typed":
            return str(found["ctx"]["rule"])
    return "SHAPE"


def sentences_of(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """Reason and fix of a value that cannot be read or breaks a limit; nothing for another fault of its form."""
    said = found.get("ctx", {})
    match found["type"]:
        case "typed":
            return said["reason"], said["fix"]
        case "less_than_equal":
            return f"this number is at most {said['le']}", "give a smaller number"
        case "greater_than_equal":
            return f"this number is at least {said['ge']}", "give a larger number"
        case "string_too_long":
            return f"the text is longer than {said['max_length']} letters", "make it shorter"
        case "too_long":
            return f"at most {said['max_length']} of these are taken at once", "leave some out"
    return None


def _is_condition(place: Sequence[str | int]) -> bool:
    """A header without which nothing is done."""
    return place[0] == "header" and str(place[-1]).lower() in {"idempotency-key", "if-match"}


def pointer_to(place: Sequence[str | int]) -> str:
    """Where: in the body by JSON Pointer, else in the path, the query or a header."""
    return "/" + "/".join(str(part).lower() for part in (place[1:] if place[0] == "body" else place))


async def on_fault(request: Request, problem: Exception) -> JSONResponse:
    """The database is away, which passes; anything else is a fault of ours, logged under the number in the answer."""
    if passes(problem):
        return answer(Problem(503, AWAY, headers={"Retry-After": "2"}))
    note_fault(request, problem)
    failed = Problem(500, "Something of ours is wrong. Quote `instance` when you ask about it.")
    return answer(failed, f"urn:uuid:{correlation_of(request)}")


async def on_http(request: Request, problem: Exception) -> JSONResponse:
    """Answer a request that the framework refuses."""
    if not isinstance(problem, HTTPException):
        return answer(Problem(500, "Something of ours is wrong."))
    status = problem.status_code
    headers = {**(problem.headers or {}), **allowed_at(request, status)}
    return answer(Problem(status, f"{_TITLES.get(status, 'Refused')}.", headers=headers))


def allowed_at(request: Request, status: int) -> Mapping[str, str]:
    """The methods of the path, for an answer that refuses the one that was used."""
    if status != 405:  # noqa: PLR2004 - a method that the path has not
        return {}
    routes, scope = request.app.router.routes, request.scope
    found = [m for m in _METHODS if any(route.matches({**scope, "method": m})[0] is Match.FULL for route in routes)]
    return {"Allow": ", ".join([*found, "HEAD"] if "GET" in found else found)}
