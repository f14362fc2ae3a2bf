"""In charge of: `parse_mail`, which reads raw bytes into an `IncomingMail` and never raises.

Not in charge of: believing any of it (`gateway.threads`), splitting off quotes (`replies`), or safe HTML (`html`).

mail-parser reads dates and names what is wrong with date and address headers (`dates`); flanker judges odd addresses
(`mailboxes`); the parts are our own walk (`parts`), because mail-parser mixes an enclosed mail into the outer one.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import replace

from gateway.inbound.automatic import detect_automatic, name_report
from gateway.inbound.bounces import read_reports
from gateway.inbound.calendars import read_calendar_answer
from gateway.inbound.charsets import clean_text, decode_header, decode_text
from gateway.inbound.dates import read_date
from gateway.inbound.header_scan import scan_headers
from gateway.inbound.mail_limits import bound_mail, split_head
from gateway.inbound.mailboxes import read_mailboxes
from gateway.inbound.mime_tree import Part, parse_tree
from gateway.inbound.parts import Content, read_parts
from gateway.inbound.reports import read_complaint, read_receipt
from gateway.threads.incoming import Address, IncomingAttachment, IncomingMail

log = logging.getLogger("gateway.inbound.mime")

MAX_KEPT_HEADERS = 500
MAX_HEADER_CHARS = 10_000
_ID = re.compile(r"<([^<>]{1,998})>")


def parse_mail(raw: bytes) -> IncomingMail:
    """Read a mail. Never raises for any bytes; what could not be read is named in `.defects`.

    Over the limits of `mail_limits`, what was read so far comes back with a defect. `.text` holds plain parts only;
    for a mail that is only HTML see `html_text.html_to_text`.
    """
    try:
        return _parse(raw)
    except Exception as error:
        log.warning("a mail could not be read: %s", type(error).__name__)
        return _parse_nothing(raw, f"unreadable: {type(error).__name__}")


def _parse_nothing(raw: bytes, defect: str) -> IncomingMail:
    _head, body = split_head(raw)
    text = decode_text(body[:1_000_000]).text
    return replace(scan_headers(raw, defect), text=text, body_digest=digest_body(text, "", ()))


def _parse(raw: bytes) -> IncomingMail:
    head, bounded, limits = bound_mail(raw)
    root = parse_tree(bounded)
    content = read_parts(root)
    date, date_defects = read_date(head)
    headers = _read_headers(root, content.charset)
    text = "\n".join(t.removesuffix("\n") if t is not content.texts[-1] else t for t in content.texts)
    html = "\n".join(content.htmls)
    attachments = tuple(content.attachments)
    boxes = {name: _addresses(root, name, content) for name in ("from", "sender", "reply-to", "to", "cc")}
    defects = list(dict.fromkeys([*limits, *content.defects, *date_defects, *_header_defects(root, boxes)]))
    reports = read_reports(root, text=text, html=html, headers=headers)
    complaint, receipt = read_complaint(attachments), read_receipt(attachments)
    calendar = read_calendar_answer(attachments, sender=boxes["from"][0].address if boxes["from"] else "")
    kind = detect_automatic(headers, from_=boxes["from"], content_type=root.get_content_type(), reports=reports)
    kind = name_report(kind, complaint=complaint, receipt=receipt, calendar=calendar)
    return IncomingMail(
        message_id=next(iter(_read_ids(root, "message-id")), ""),
        subject=_first(headers, "subject")[:2000],
        date=date,
        from_=boxes["from"],
        sender=boxes["sender"],
        reply_to=boxes["reply-to"],
        to=boxes["to"],
        cc=boxes["cc"],
        in_reply_to=_shorten(_read_ids(root, "in-reply-to")),
        references=_shorten(_read_ids(root, "references")),
        text=text,
        html=html,
        attachments=attachments,
        automatic=kind,
        complaint=complaint,
        receipt=receipt,
        calendar=calendar,
        reports=reports,
        headers=headers[:MAX_KEPT_HEADERS],
        defects=tuple(defects[:50]),
        body_digest=digest_body(text, html, attachments),
    )


def digest_body(text: str, html: str, attachments: tuple[IncomingAttachment, ...]) -> str:
    """sha256 hex over text, HTML and file contents, each preceded by its length, so that no two divisions are equal."""
    digest = hashlib.sha256()
    for data in (text.encode(), html.encode(), *(a.content for a in attachments)):
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


def _read_headers(root: Part, hint: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_read_name(name), decode_header(str(value)[:100_000], hint=hint)[:MAX_HEADER_CHARS])
        for name, value in root.raw_items()
    )


def _read_name(name: str) -> str:
    plain = name.isascii() and name.isprintable()
    return (name if plain else clean_text(name.encode("utf-8", "replace").decode()))[:200]


def _first(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _addresses(root: Part, name: str, content: Content) -> tuple[Address, ...]:
    found: list[Address] = []
    for value in root.get_all(name, [])[:20]:
        found.extend(read_mailboxes(str(value), hint=content.charset))
    return tuple(found)


def _header_defects(root: Part, boxes: dict[str, tuple[Address, ...]]) -> list[str]:
    defects = [
        f"several {name} headers"
        for name in ("From", "Subject", "Message-ID", "Date")
        if len(root.get_all(name, [])) > 1
    ]
    defects += [f"unreadable address in {name}" for name, found in boxes.items() if any(not a.address for a in found)]
    return defects


def _read_ids(root: Part, name: str) -> list[str]:
    """Message ids without angle brackets, each once, in order; a bare id is taken if there is no bracketed one."""
    values = root.get_all(name)
    if not values:
        return []
    value = " ".join(str(v)[:100_000] for v in values[:5])
    if "=?" in value:
        value = decode_header(value)  # RFC 2047 §5 forbids it, but programs encode what is too long for a line
    ids = _ID.findall(value) or [word for word in value.split() if "@" in word]
    if not ids and name == "message-id" and value.strip():
        ids = [value.strip()[:998]]
    return list(dict.fromkeys(clean_text("".join(i.split())).strip("<>") for i in ids))


def _shorten(ids: list[str]) -> tuple[str, ...]:
    """The first 20 and the last 20: the thread's root and its nearest ancestors."""
    return tuple(ids if len(ids) <= 40 else ids[:20] + ids[-20:])
