"""In charge of: a file of a thread as the team opens it — shown, or taken out of quarantine.

Not in charge of: whether it is dangerous (`threads.policies.attachments`).
"""

from __future__ import annotations

from gateway.threads.audit import Act
from gateway.threads.model import Viewer
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.read_thread import read_file
from gateway.usecases.views import FileContent, ShownFile

READABLE = ("vcard", "x-vcard", "directory", "calendar", "ics")
ENDINGS = (".vcf", ".vcard", ".ics")


def show_file(ctx: Context, viewer: Viewer, attachment_id: str) -> ShownFile:
    """A file with the fields of a visiting card or calendar file. Raises NotFound."""
    file = read_file(ctx, viewer, attachment_id)
    attachment = file.attachment
    subtype = attachment.content_type.partition("/")[2]
    readable = subtype in READABLE or attachment.filename.lower().endswith(ENDINGS)
    return ShownFile(attachment, tuple(ctx.reader.read_fields(file.content)) if readable else ())


def open_quarantined(ctx: Context, viewer: Viewer, attachment_id: str) -> FileContent:
    """A dangerous file's bytes for one of the team who was warned; written down. Raises NotFound."""
    file = read_file(ctx, viewer, attachment_id)
    with ctx.database.begin() as tx:
        danger = file.attachment.danger
        note_act(ctx, tx, viewer, Act.FILE_OPEN_QUARANTINED, attachment_id=attachment_id, danger=danger)
    return file
