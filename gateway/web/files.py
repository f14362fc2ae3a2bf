"""In charge of: handing out attachments so that a browser only ever saves them.

Not in charge of: who may (`usecases`).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.responses import Response

from gateway.errors import NotFound
from gateway.threads.model import Viewer
from gateway.usecases import open_file, read_thread
from gateway.usecases.views import FileContent
from gateway.web.portal import candidate_of
from gateway.web.visits import Visit, go_to, show

_USED_BY_PAGES = re.compile("script|css", re.IGNORECASE)


def send_candidate_file(visit: Visit) -> Response:
    """A file of the candidate's own thread."""
    viewer = candidate_of(visit)
    if viewer is None:
        raise NotFound("no such link")
    return _send(visit, viewer)


def send_desk_file(visit: Visit, viewer: Viewer) -> Response:
    """A file of any thread that the member may open. A quarantined one needs a POST from the page that warns of it."""
    if visit.is_post:
        return as_download(open_file.open_quarantined(visit.site.ctx, viewer, visit.path("attachment_id")))
    file = read_thread.read_file(visit.site.ctx, viewer, visit.path("attachment_id"))
    return go_to(f"/desk/files/{file.attachment.id}") if file.attachment.danger else as_download(file)


def show_desk_file(visit: Visit, viewer: Viewer) -> Response:
    """What a visiting card or calendar file says, or why a file is quarantined."""
    shown = open_file.show_file(visit.site.ctx, viewer, visit.path("attachment_id"))
    return show(visit, "desk_file.html", file=shown.attachment, fields=shown.fields)


def _send(visit: Visit, viewer: Viewer) -> Response:
    return as_download(read_thread.read_file(visit.site.ctx, viewer, visit.path("attachment_id")))


def as_download(file: FileContent) -> Response:
    """To be saved, never shown: what a stranger wrote must not run, frame or be taken for a page of ours."""
    name = file.attachment.filename or "file"
    headers = {
        "Content-Disposition": disposition(name),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Type": safe_type(file.attachment.content_type),  # not `media_type`: that would add our charset
    }
    return Response(file.content, headers=headers)


def safe_type(declared: str) -> str:
    """The type that a file claims, unless it is none, or one that lets a page of ours use the file: our policy allows
    scripts and styles from our own address, and with `nosniff` a browser takes nothing else for one (WHATWG MIME
    Sniffing §4.6: every JavaScript type has "script" in it).
    """
    is_type = declared.isascii() and declared.isprintable() and "/" in declared
    return declared if is_type and not _USED_BY_PAGES.search(declared) else "application/octet-stream"


def disposition(filename: str) -> str:
    """`attachment` with the name in ASCII for old readers and in full as RFC 5987 §3.2 (RFC 6266 §4.3)."""
    safe = "".join(c if c.isprintable() and c not in '/\\"' else "_" for c in filename)
    plain = safe.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    full = quote(safe.encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"
