"""The page at `/`, the documentation at `/docs`, and the document both are about. All from our own files."""

import asyncio
from functools import cache
from pathlib import Path

import msgspec
import swagger_ui_bundle
from fastapi import APIRouter, Request
from starlette.responses import Response

from services.api.errors import not_found
from services.observation.text import Text

router = APIRouter(include_in_schema=False)

_PAGES = Path(__file__).parent.parent / "pages"
_SWAGGER = Path(swagger_ui_bundle.swagger_ui_path)
_DAY = {"Cache-Control": "public, max-age=86400"}
_FRESH = {"Cache-Control": "no-cache"}
# Nothing from elsewhere, whatever a page may contain: a closed site has no elsewhere.
_POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_ASSETS = {
    "swagger-ui.css": (_SWAGGER, "text/css"),
    "swagger-ui-bundle.js": (_SWAGGER, "text/javascript"),
    "docs.css": (_PAGES, "text/css"),
    "docs.js": (_PAGES, "text/javascript"),
    "home.css": (_PAGES, "text/css"),
    "home.js": (_PAGES, "text/javascript"),
}


@cache
def _file(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()


@router.get("/")
async def home() -> Response:
    """Where things are."""
    return Response(_file(_PAGES, "home.html"), media_type="text/html", headers=_POLICY | _FRESH)


@router.get("/docs")
async def docs() -> Response:
    """The documentation."""
    return Response(_file(_PAGES, "docs.html"), media_type="text/html", headers=_POLICY | _FRESH)


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """A file of the pages; only those in the table."""
    if name not in _ASSETS:
        raise not_found(Text(f"không có tệp {name[:80]!r}", f"there is no file {name[:80]!r}"))
    folder, kind = _ASSETS[name]
    return Response(
        _file(folder, name), media_type=kind, headers=_DAY | {"X-Content-Type-Options": "nosniff"}
    )


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """The document. To make it takes a second: events, heartbeats and other answers go on meanwhile."""
    made = await asyncio.to_thread(request.app.openapi)
    return Response(msgspec.json.encode(made), media_type="application/json", headers=_FRESH)
