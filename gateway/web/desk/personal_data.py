"""In charge of: the pages on which an admin takes a copy of an applicant's data, or erases them.

Not in charge of: what that is (`usecases.export`, `usecases.erase`).
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO

from starlette.responses import Response, StreamingResponse

from gateway.errors import NotFound
from gateway.threads.model import Conversation, Viewer
from gateway.usecases import read_thread
from gateway.usecases.accounts import check_admin
from gateway.usecases.erase import erase_applicant
from gateway.usecases.export import gather_export
from gateway.web.desk.conversations import desk_page
from gateway.web.files import disposition
from gateway.web.visits import Visit, go_to

BLOCK = 65_536  # octets of the file that are sent at a time


def data_page(visit: Visit, viewer: Viewer) -> Response:
    """A copy of all data of an applicant, and erasing them: POST does, if it is ticked (`sure`). Admins only."""
    chat = _open(visit, viewer)
    if visit.is_post and visit.text("sure"):
        erase_applicant(visit.site.ctx, viewer, chat.thread.id)
        visit.site.feed.wake()
        return go_to("/desk", anchor="erased")
    status = 422 if visit.is_post else 200
    return desk_page(visit, viewer, "desk_data.html", status=status, chat=chat, unsure=visit.is_post)


def data_zip(visit: Visit, viewer: Viewer) -> Response:
    """All that is stored about an applicant, as one ZIP file (GDPR Art. 15 and 20). Admins only."""
    chat = _open(visit, viewer)
    packed = _pack(gather_export(visit.site.ctx, viewer, chat.thread.id))
    headers = {"Content-Disposition": disposition(f"{chat.candidate.name}.zip"), "Cache-Control": "no-store"}
    headers["Content-Length"] = str(packed.seek(0, os.SEEK_END))
    return StreamingResponse(_read_blocks(packed), media_type="application/zip", headers=headers)


def _open(visit: Visit, viewer: Viewer) -> Conversation:
    """Raises NotFound."""
    check_admin(viewer, "data of applicants")
    for chat in read_thread.read_conversations(visit.site.ctx, viewer, [visit.path("thread_id")]):
        return chat
    raise NotFound("conversation")


def _pack(files: Iterable[tuple[str, bytes]]) -> IO[bytes]:
    """In a temporary file: years of a conversation with its files are more than memory should hold."""
    packed = tempfile.TemporaryFile()  # noqa: SIM115 - `_read_blocks` closes it
    try:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files:
                archive.writestr(name, content)
    except BaseException:
        packed.close()
        raise
    return packed


def _read_blocks(packed: IO[bytes]) -> Iterator[bytes]:
    with packed:
        packed.seek(0)
        while block := packed.read(BLOCK):
            yield block
