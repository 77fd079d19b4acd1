"""How a page is put together: one set of templates, one frame, one policy of what a page may load."""

import gzip
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

import zonetables
from services.portal.pages import formatting
from services.portal.pages.assets import place_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_WORTH_PACKING = 1000  # bytes


@cache
def environment() -> jinja2.Environment:
    """Templates of the portal, and those of the component library below them."""
    components = jinja2.PackageLoader("govuk_frontend_jinja")
    loader = jinja2.ChoiceLoader(
        [jinja2.PackageLoader("services.portal"), jinja2.PrefixLoader({"govuk_frontend_jinja": components})]
    )
    made = jinja2.Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.ChainableUndefined,
        auto_reload=False,
    )
    made.filters.update(formatting.FILTERS)
    made.globals["asset"] = place_of
    made.globals["zone_tables"] = zonetables.VERSION
    return made


def rendered(template: str, context: Mapping[str, Any]) -> str:
    """A template's text."""
    return environment().get_template(template).render(context)


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A whole page, packed where the browser takes it; how long it took to write is said in a header."""
    began = time.perf_counter()
    typed = getattr(request.state, "typed", None)
    shown = {**context, "f": {**context.get("f", {}), **typed}} if typed else context
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    body = rendered(template, {"path": request.url.path, "address": asked, **shown}).encode()
    took = {"Server-Timing": f"render;dur={(time.perf_counter() - began) * 1000:.2f}"}
    more = {**HEADERS, **took, **(headers or {}), "Vary": "Accept-Encoding"}
    if len(body) > _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        body, more["Content-Encoding"] = gzip.compress(body, 5), "gzip"
    return HTMLResponse(body, status, more)
