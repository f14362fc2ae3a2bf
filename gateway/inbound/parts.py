"""In charge of: the bodies and files of a MIME tree (RFC 2045–2049, 2183, 2231, 3676).

Not in charge of: headers of the mail itself (`mime`), building the tree (`mime_tree`), nor limits on the raw bytes.

The walk stops at message/*: an enclosed mail is one attachment, so its words never look like the writer's own.
"""

from __future__ import annotations

import logging
import quopri
import re
from collections import Counter
from dataclasses import dataclass, field
from email.message import Message
from html import escape

from gateway.inbound.base64_bodies import decode_base64, decode_base64_text
from gateway.inbound.charsets import decode_header, decode_text, find_codec
from gateway.inbound.enclosed import enclosed_bytes
from gateway.inbound.flowed import unwrap_flowed
from gateway.inbound.html_text import html_to_text
from gateway.inbound.known_text import tokens_of
from gateway.inbound.mail_limits import MAX_DEPTH, MAX_PARTS
from gateway.inbound.mime_tree import Part, parse_tree
from gateway.inbound.parameters import read_filename, read_parameter
from gateway.inbound.protected import (
    PGP_CONTROL_TYPE,
    PROTECTING_TYPES,
    SIGNATURE_TYPES,
    name_protection,
    open_clearsigned,
)
from gateway.inbound.tnef import TNEF_TYPES, open_tnef
from gateway.inbound.uuencoded import take_uuencoded
from gateway.threads.filenames import safe_filename
from gateway.threads.incoming import IncomingAttachment

log = logging.getLogger("gateway.inbound.parts")

# For programs only: another copy of the same words, and what proves or opens another part. The raw mail keeps them.
_UNSHOWN_TYPES = frozenset({"text/x-amp-html", PGP_CONTROL_TYPE, *SIGNATURE_TYPES})
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}\Z")
_DATA_TYPES = frozenset({"text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/csv", "text/rtf"})
_CTE_END = re.compile(r"[;(]")  # a comment may follow (RFC 2045 §6.1)
_NO_LETTER = re.compile(r"[^A-Za-z0-9]+")
_SNIFFED_BOUNDARY = re.compile(rb"(?:^|\n)--([^\r\n]{1,200}?)[ \t]*\r?\n(?=[A-Za-z-]{1,60}:)")


@dataclass(slots=True)
class Content:
    """What the walk has found so far."""

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    attachments: list[IncomingAttachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    charset: str = ""  # of the first body that declares one: a hint for headers that do not
    alone: list[tuple[int, str]] = field(default_factory=list)  # plain texts that no HTML repeats: number of HTML above


def read_parts(root: Part) -> Content:
    """All bodies and files in the order of the mail; what cannot be read is named in `defects`."""
    content = Content()
    stack: list[tuple[Part, int, bool]] = [(root, 0, False)]
    count = 0
    while stack:
        part, depth, repeats = stack.pop()
        count += 1
        if count > MAX_PARTS or depth > MAX_DEPTH:
            content.defects.append("too many parts" if count > MAX_PARTS else "nested too deeply")
            break
        try:
            children = _open_container(part, content)
            if children is None:
                _read_leaf(part, content, is_root=depth == 0, repeats=repeats)
                continue
            repeats = repeats or part.get_content_type() == "multipart/alternative"
            stack.extend((child, depth + 1, repeats) for child in reversed(children))
        except Exception as error:
            log.info("a part could not be read: %s", type(error).__name__)
            content.defects.append(f"a part could not be read: {type(error).__name__}")
    if content.htmls and content.alone:
        _show_beside_html(content)
    return content


def _show_beside_html(content: Content) -> None:
    """Plain texts above and below an HTML body are words of the mail too, unless the HTML says them again."""
    said = Counter(tokens_of(html_to_text("\n".join(content.htmls))))
    for place, text in reversed(content.alone):
        words = Counter(tokens_of(text))
        if (words - said).total() * 2 > words.total():
            content.htmls.insert(place, f"<div><pre>{escape(text)}</pre></div>")


def _open_container(part: Part, content: Content) -> list[Part] | None:
    """The children of a multipart, or None for a leaf. An enclosed message counts as a leaf."""
    if part.defects:
        content.defects.extend(type(defect).__name__ for defect in part.defects)
    declared = part.get_all("content-type", [])
    if len(declared) > 1 or (declared and str(declared[0]).lower().count("boundary=") > 1):
        content.defects.append("ambiguous: several content types or boundaries; the first was used")
    if part.get_content_maintype() == "message":
        return None
    payload = _stored(part)
    if isinstance(payload, list):
        return [child for child in payload if isinstance(child, Message)]
    if part.get_content_maintype() != "multipart":
        return None
    return _reopen_multipart(part)


def _reopen_multipart(part: Part) -> list[Part] | None:
    """A multipart that the parser left closed: its boundary is missing or never occurs. Look for one in the body."""
    body = _payload_bytes(part)
    boundary = str(part.get_boundary("")).rstrip()  # declared with spaces at its end, and written without
    if not boundary or f"\n--{boundary}".encode("utf-8", "surrogateescape") not in b"\n" + body:
        found = _SNIFFED_BOUNDARY.search(body)
        boundary = found[1].decode("ascii", "replace").replace('"', "") if found else ""
        if found is None or found[1] != boundary.encode():
            return None
    if not boundary.isascii() or not boundary.isprintable() or '"' in boundary or "\\" in boundary:
        return None
    head = f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n'.encode()
    payload = parse_tree(head + body).get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else None


def _read_leaf(part: Part, content: Content, *, is_root: bool, repeats: bool) -> None:
    kind = _content_type(part)
    if part.get_content_maintype() == "message":
        enclosed = enclosed_bytes(part)
        _add_attachment(part, content, kind, _payload_bytes(part) if enclosed is None else enclosed)
        return
    data = _payload_bytes(part)
    if not data:
        return
    closed_multipart = kind.startswith("multipart/")
    if closed_multipart:
        content.defects.append("multipart without usable boundary: read as text")
    if kind in PROTECTING_TYPES:
        content.defects.append(name_protection(kind, read_parameter(part, "smime-type", "content-type")))
    if kind in _UNSHOWN_TYPES and not is_root:
        return
    if repeats and _says_it_again(part, content, kind):
        return
    if _may_be_tnef(part, content, kind) and _open_tnef(content, data):
        return
    if closed_multipart or _is_body(part, content, kind, is_root=is_root):
        texts = len(content.texts)
        _add_body(part, content, kind, data)
        if not repeats and len(content.texts) > texts:
            content.alone.append((len(content.htmls), content.texts[-1]))
    else:
        _add_attachment(part, content, kind, data)


def _says_it_again(part: Part, content: Content, kind: str) -> bool:
    """Whether it is the same words in a form that few programs know (RFC 2046 §5.1.4), such as text/enriched."""
    if kind in ("text/plain", "text/html", "text/calendar") or not kind.startswith("text/"):
        return False
    return bool(content.texts or content.htmls) and not read_filename(part, content.charset)


def _may_be_tnef(part: Part, content: Content, kind: str) -> bool:
    return kind in TNEF_TYPES or (
        kind == "application/octet-stream" and read_filename(part, content.charset).lower() == "winmail.dat"
    )


def _open_tnef(content: Content, data: bytes) -> bool:
    """Take out what a `winmail.dat` holds; its words only if the mail has none beside it. False: it stays a file."""
    opened = open_tnef(data)
    if opened is None:
        content.defects.append("winmail.dat could not be opened")
        return False
    if not content.texts and not content.htmls:
        content.texts.extend([opened.text] if opened.text.strip() else [])
        content.htmls.extend([opened.html] if opened.html.strip() else [])
    content.attachments.extend(
        IncomingAttachment(
            filename=safe_filename(file.filename),
            content_type=file.content_type if _TYPE.match(file.content_type) else "application/octet-stream",
            content_id=re.sub(r"[\s<>\"'\x00-\x1f]", "", file.content_id)[:300],
            content=file.content,
            inline=bool(file.content_id),
        )
        for file in opened.files
    )
    return bool(opened.files or content.texts or content.htmls)


def _is_body(part: Part, content: Content, kind: str, *, is_root: bool) -> bool:
    """Whether a text part is what the person wrote rather than a file that is text."""
    if kind not in ("text/plain", "text/html"):  # alone, it is read as plain (RFC 2046 §4.1.4)
        data = kind in _DATA_TYPES or not kind.startswith("text/") or _disposition(part) == "attachment"
        return is_root and not data and not read_filename(part, content.charset)
    if not read_filename(part, content.charset):
        return is_root or _disposition(part) != "attachment"
    bodies = content.texts if kind == "text/plain" else content.htmls
    return _disposition(part) == "" and not bodies


def _add_body(part: Part, content: Content, kind: str, data: bytes) -> None:
    charset = read_parameter(part, "charset", "content-type")
    if kind == "text/html" and not charset:
        charset = _html_charset(data)
    text, defect, codec = decode_text(data, charset, hint=content.charset)
    content.charset = content.charset or charset or codec
    if defect:
        content.defects.append(f"{kind}: {defect}")
    if kind == "text/html":
        content.htmls.append(text)
        return
    _, files = take_uuencoded(text)  # the text stays as it came; `reading` shows it without them
    content.attachments.extend(
        IncomingAttachment(safe_filename(name), "application/octet-stream", "", data) for name, data in files
    )
    text, protection = open_clearsigned(text)
    if protection:
        content.defects.append(protection)
    if read_parameter(part, "format", "content-type").lower() == "flowed":
        text = unwrap_flowed(text, delsp=read_parameter(part, "delsp", "content-type").lower() == "yes")
    content.texts.append(text)


def _html_charset(data: bytes) -> str:
    found = re.search(rb"<meta[^>]{1,200}charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{2,40})", data[:4096], re.IGNORECASE)
    return found[1].decode() if found else ""


def _add_attachment(part: Part, content: Content, kind: str, data: bytes) -> None:
    if not data.strip():
        return
    content.attachments.append(
        IncomingAttachment(
            filename=safe_filename(read_filename(part, content.charset)),
            content_type=kind,
            content_id=_content_id(part),
            content=data,
            inline=_disposition(part) == "inline" or (_disposition(part) == "" and bool(_content_id(part))),
        )
    )


def _content_id(part: Part) -> str:
    value = decode_header(str(part.get("content-id", ""))[:1000])
    return re.sub(r"[\s<>\"'\x00-\x1f]", "", value)[:300]


def _content_type(part: Part) -> str:
    """ "type/subtype" in lower case, as declared; what cannot be one becomes application/octet-stream."""
    declared = str(part.get("content-type", "")).split(";")[0].strip().lower()
    if not declared:
        return part.get_content_type()  # RFC 2045 §5.2: text/plain; message/rfc822 in a digest (RFC 2046 §5.1.5)
    if declared in ("text", "plain", "html"):
        return "text/html" if declared == "html" else "text/plain"
    if _TYPE.match(declared):
        return declared
    return "application/octet-stream" if _disposition(part) or "name" in str(part["content-type"]) else "text/plain"


def _disposition(part: Part) -> str:
    return str(part.get("content-disposition", "")).split(";")[0].strip().lower()[:40]


def _payload_bytes(part: Part) -> bytes:
    """The decoded bytes of a leaf; wrong base64 is read as far as it goes."""
    declared = _CTE_END.split(str(part.get("content-transfer-encoding", "")), maxsplit=1)[0]
    encoding = _NO_LETTER.sub("", declared).lower()  # also as "Quoted_Printable", "base 64"
    stored = _stored(part)
    if isinstance(stored, str) and encoding in ("base64", "quotedprintable"):
        data = stored.encode("utf-8", "surrogateescape")
        if encoding == "quotedprintable":
            return quopri.decodestring(data)
        if part.get_content_maintype() != "text":
            return decode_base64(data)
        return decode_base64_text(data, lambda: find_codec(read_parameter(part, "charset", "content-type")))
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    return stored.encode("utf-8", "surrogateescape") if isinstance(stored, str) else b""


def _stored(part: Part) -> object:
    """The payload as the parser left it: `get_payload` decodes it by the declared charset, and fails on some."""
    return vars(part).get("_payload")
