"""Styles, scripts and fonts: vendored, read once, named by what they hold, kept by browsers for a year."""

import gzip
from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from services.portal.api.problems import not_found

router = APIRouter()
_FOLDER = Path(__file__).parents[1] / "static"
_SERVED = frozenset({".css", ".js", ".woff2"})
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


class Asset(NamedTuple):
    """A file as it is sent; fonts are compressed already."""

    kind: str
    plain: bytes
    packed: bytes | None


@cache
def assets() -> dict[str, Asset]:
    """By path below the folder."""
    files = (file for file in sorted(_FOLDER.rglob("*")) if file.suffix in _SERVED)
    return {file.relative_to(_FOLDER).as_posix(): _asset(file) for file in files}


def _asset(file: Path) -> Asset:
    plain = file.read_bytes()
    kind = "font/woff2" if file.suffix == ".woff2" else f"{guess_type(file.name)[0]}; charset=utf-8"
    return Asset(kind, plain, None if file.suffix == ".woff2" else gzip.compress(plain, 9, mtime=0))


@cache
def version() -> str:
    """Of all of them together: styles name their fonts by a path relative to their own."""
    digest = sha256()
    for name, asset in assets().items():
        digest.update(name.encode() + asset.plain)
    return digest.hexdigest()[:12]


def place_of(name: str) -> str:
    """Where a page finds it."""
    return f"/static/{version()}/{name}"


@router.get("/static/{named}/{path:path}")
async def send_asset(named: str, path: str, request: Request) -> Response:
    """As it is; a page of yesterday gets the file of today."""
    asset = assets().get(path)
    if asset is None or not named:
        raise not_found()
    packed = asset.packed if "gzip" in request.headers.get("accept-encoding", "") else None
    more = {"Content-Encoding": "gzip"} if packed else {}
    return Response(packed or asset.plain, media_type=asset.kind, headers={**_HEADERS, **more})
