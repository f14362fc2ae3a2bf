"""In charge of: complaints (ARF, RFC 5965) and read receipts (MDN, RFC 8098) as their own parts state them.

Not in charge of: bounces (`bounces`), nor which delivery is meant: that our signed return path alone says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.inbound.charsets import decode_header
from gateway.threads.incoming import Complaint, IncomingAttachment, ReadReceipt

_MAX_CHARS = 20_000
# Where an enclosed mail or a report names the return path that the complained-of mail had.
_RETURN_PATHS = re.compile(r"^(?:return-path|original-mail-from|x-envelope-from):[ \t]*<?([^\s<>]{3,320})", re.I | re.M)


def read_complaint(files: Sequence[IncomingAttachment]) -> Complaint | None:
    """What a feedback report says; None if there is none."""
    report = next((f for f in files if f.content_type == "message/feedback-report"), None)
    if report is None:
        return None
    fields = _read_fields(report)
    sources = [report, *(f for f in files if f.content_type in ("message/rfc822", "text/rfc822-headers"))]
    paths = [path for f in sources for path in _RETURN_PATHS.findall(_text(f))]
    kind = fields.get("feedback-type", "abuse").lower()[:40]
    return Complaint(kind=kind, return_paths=tuple(dict.fromkeys(paths))[:5])


def read_receipt(files: Sequence[IncomingAttachment]) -> ReadReceipt | None:
    """What a disposition notification says; None if there is none."""
    kinds = ("message/disposition-notification", "message/global-disposition-notification")
    report = next((f for f in files if f.content_type in kinds), None)
    if report is None:
        return None
    fields = _read_fields(report)
    disposition = fields.get("disposition", "").lower().rpartition(";")[2].strip()
    return ReadReceipt(
        opened=disposition.startswith("displayed"),
        original_message_id=fields.get("original-message-id", "").strip("<> ")[:998],
    )


def _text(file: IncomingAttachment) -> str:
    return file.content[:_MAX_CHARS].decode("utf-8", "replace").replace("\r\n", "\n")


def _read_fields(file: IncomingAttachment) -> dict[str, str]:
    """The fields of all groups by name in lower case, the first of each."""
    fields: dict[str, str] = {}
    for line in re.split(r"\n(?![ \t])", _text(file)):
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), decode_header(value.strip()))
    return fields
