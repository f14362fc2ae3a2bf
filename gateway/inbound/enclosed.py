"""In charge of: an enclosed message as the bytes of a file (RFC 2046 §5.2.1).

Not in charge of: reading it.
"""

from __future__ import annotations

from collections.abc import Callable
from email.generator import BytesGenerator
from email.message import Message
from io import BytesIO

from gateway.inbound.base64_bodies import decode_base64
from gateway.inbound.mime_tree import RAW, Part


class _Generator(BytesGenerator):
    """The standard one decodes a multipart that is no tree by the charset it names, which may be none at all."""

    _NL: str
    _write_lines: Callable[[str], None]

    def _handle_multipart(self, msg: Message) -> None:
        stored = vars(msg).get("_payload")
        if isinstance(stored, str):
            self._write_lines(stored)
        else:
            super()._handle_multipart(msg)  # type: ignore[misc]  # typeshed hides it

    def _write_headers(self, msg: Message) -> None:
        """As they stand: the standard one refuses a value that looks like a header of its own."""
        for name, value in msg.raw_items():
            self.write(self._NL.join(f"{name}: {value}".splitlines()) + self._NL)
        self.write(self._NL)


def enclosed_bytes(part: Part) -> bytes | None:
    """Its own headers and body, CRLF line ends, unwrapped if it was base64; None if it is no tree."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return None
    out = BytesIO()
    generator = _Generator(out, mangle_from_=False, maxheaderlen=0, policy=RAW.clone(linesep="\r\n"))
    for child in payload:
        if isinstance(child, Message):
            generator.flatten(child)
    data = out.getvalue()
    if str(part.get("content-transfer-encoding", "")).strip().lower() == "base64":
        return decode_base64(data)
    return data
