"""In charge of: scripts, styles and icons under names that carry their content's hash, compressed once at start.

Not in charge of: what people upload (`files`). A name with an old hash answers with today's content, uncached, so that
a page from before an update still works.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
VENDORED = ("vendor/htmx.min.js", "vendor/hx-sse.min.js")
SHARED = (*VENDORED, "scripts/page.js", "scripts/live.js")
STYLES = (
    "base",
    "parts",
    "messages",
    "desk",
    "composer",
    "review",
    "candidate",
    "states",
    "product",
    "setup",
    "search",
    "people",
    "organise",
    "bell",
    "figures",
)
BUNDLES = {  # each one file: apart, deferred scripts race
    "app.js": SHARED,
    "desk.js": (
        *SHARED,
        "vendor/combobox-nav.min.js",
        "vendor/text-expander.min.js",
        *(f"scripts/{name}.js" for name in ("composer", "drafts", "expander", "presence", "keys", "palette", "copy")),
        "scripts/push-marks.js",
        "scripts/devices.js",
    ),
    "worker.js": ("scripts/push-marks.js", "scripts/push-worker.js"),
    "gateway.css": tuple(f"styles/{name}.css" for name in STYLES),
    "icons.svg": ("icons.svg",),
}
FOREVER = "public, max-age=31536000, immutable"
_NAME = re.compile(r"(?P<stem>[a-z]+)\.(?P<hash>[0-9a-f]{10})\.(?P<ending>[a-z]+)")
_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served: `url` carries the hash."""

    url: str
    media_type: str
    content: bytes
    compressed: bytes


Assets = Mapping[str, StaticFile]


def load_assets() -> Assets:
    """`app.js` (every page), `desk.js` (the desk), `worker.js` (its service worker), `gateway.css` and `icons.svg`,
    bundled from their sources.
    """
    return {name: _prepare(name, _bundle(name, sources)) for name, sources in BUNDLES.items()}


def _bundle(name: str, sources: tuple[str, ...]) -> bytes:
    between = b"\n;" if name.endswith(".js") else b"\n"
    return between.join((FOLDER / source).read_bytes() for source in sources)


def _prepare(name: str, content: bytes) -> StaticFile:
    stem, _, ending = name.partition(".")
    digest = hashlib.sha256(content).hexdigest()[:10]
    return StaticFile(f"/static/{stem}.{digest}.{ending}", _TYPES[ending], content, gzip.compress(content, 9, mtime=0))


async def send_static(request: Request) -> Response:
    """One static file; 404 for names that we never had."""
    assets: Assets = request.app.state.site.assets
    match = _NAME.fullmatch(request.path_params["name"])
    found = assets.get(f"{match['stem']}.{match['ending']}") if match else None
    if found is None:
        return Response("", 404, media_type="text/plain")
    current = found.url == request.url.path
    headers = {"Cache-Control": FOREVER if current else "no-store", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.compressed, headers=headers, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


async def send_worker(request: Request) -> Response:
    """The desk's service worker, under a name that stays the same: browsers know it by its address."""
    assets: Assets = request.app.state.site.assets
    worker = assets["worker.js"]
    return Response(worker.content, media_type=worker.media_type)
