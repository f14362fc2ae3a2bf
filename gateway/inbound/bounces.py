"""In charge of: which of our mails a bounce speaks of, and what it says (RFC 3464, RFC 6522, plain text).

Not in charge of: what it says in prose (`bounce_texts`), which delivery that is (`usecases.record_report`), nor whether
the mail is a bounce (`automatic`).
"""

from __future__ import annotations

import logging
import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Sequence
from dataclasses import replace
from email.message import Message
from typing import TypeAlias, cast

from gateway.inbound.bounce_texts import find_addresses, find_reason, find_status, read_listed, read_prose
from gateway.inbound.bounce_words import BOUNCE_SUBJECT, is_named_only, names_mail_system, refine_status, says_why
from gateway.inbound.charsets import clean_text, decode_header
from gateway.inbound.html_text import html_to_text
from gateway.threads.incoming import DeliveryReport

log = logging.getLogger("gateway.inbound.bounces")

_Part: TypeAlias = "Message[str, str]"
_Leaves: TypeAlias = "list[tuple[str, _Part]]"
_Fields: TypeAlias = "list[tuple[str, str]]"
_RECIPIENTS = ("final-recipient", "original-recipient")
_MISSPELLED = re.compile(r"re[cs]{1,2}[ie]{1,2}p[ie]{1,3}nt")
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_FAILED = "x-failed-recipients"
_ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}
_ORIGINAL_ID = re.compile(
    r"^[ \t>]{0,12}(?:x-)?(?:original-)?message-?id[ \t]{0,4}:[ \t]*(?:\r?\n[ \t]+)?<([^<>\s]{1,500})>",
    re.IGNORECASE | re.MULTILINE,
)
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # of an address in UTF-8 in a field of ASCII (RFC 6533 §3)
_MAX_RECIPIENTS = 50
_MAX_TEXT = 20_000
_MAX_HTML = 200_000


def read_reports(
    root: _Part, *, text: str, html: str = "", headers: Sequence[tuple[str, str]]
) -> tuple[DeliveryReport, ...]:
    """One report per recipient named, () for any mail that is no bounce. `html` is read if there is no `text`.

    First the machine-readable part, then X-Failed-Recipients, then the text of a mail from a mailer daemon.
    """
    try:
        leaves = _list_leaves(root)
        from_daemon = _from_daemon(headers)
        if not from_daemon and not _may_report(root, leaves, headers):
            return ()
        text = text if text.strip() or not html else html_to_text(html[:_MAX_HTML])
        original = _original_message_id(leaves, headers, text)
        subject = _first(headers, "subject")
        reports = _from_status_parts(leaves, text)
        if not reports:
            reports = read_listed(find_addresses(_first(headers, _FAILED))[:_MAX_RECIPIENTS], text, subject)
        if not reports and from_daemon:
            reports = read_prose(
                text,
                subject=subject,
                named=names_mail_system(_first(headers, "from")),
                own=[a.lower() for a in find_addresses(_first(headers, "to"))],
                hint=lambda: _flanker_hint(root),
            )
        return tuple(replace(one, original_message_id=original) for one in reports[:_MAX_RECIPIENTS])
    except Exception as error:
        log.info("a delivery report could not be read: %s", type(error).__name__)
        return ()


def _may_report(root: _Part, leaves: _Leaves, headers: Sequence[tuple[str, str]]) -> bool:
    """A person who forwards a report encloses its parts in a mail that is none."""
    if _first(headers, _FAILED):
        return True
    if not any(kind in _STATUS_TYPES for kind, _ in leaves):
        return False
    kinds = [root.get_content_type(), *(kind for kind, _ in leaves)]
    return "multipart/report" in kinds or _first(headers, "auto-submitted").lower() not in ("", "no")


def _list_leaves(root: _Part) -> _Leaves:
    """(type, part) of direct and once-nested children: never those inside an enclosed mail."""
    found: _Leaves = []
    level = [root]
    for _ in range(3):
        level = [c for part in level if part.get_content_maintype() == "multipart" for c in _children(part)][:100]
        found.extend((c.get_content_type(), c) for c in level)
    return found


def _of_type(leaves: _Leaves, wanted: str) -> list[_Part]:
    return [part for kind, part in leaves if kind == wanted]


def _children(part: _Part) -> list[_Part]:
    payload = part.get_payload()
    return [cast("_Part", c) for c in payload if isinstance(c, Message)] if isinstance(payload, list) else []


def _from_status_parts(leaves: _Leaves, text: str) -> list[DeliveryReport]:
    reports = []
    for part in [p for kind in _STATUS_TYPES for p in _of_type(leaves, kind)]:
        for block in _status_blocks(part)[: _MAX_RECIPIENTS + 1]:
            final, first = (_typed(block.get(f"{which}-recipient", "")) for which in ("final", "original"))
            recipient = final if "@" in final or "@" not in first else first  # a local name says nothing to us
            action = block.get("action", "").split("(")[0].strip().lower()
            if not recipient and not action:
                continue
            diagnostic = _typed(block.get("diagnostic-code", "")) or block.get("diagnostic-code", "")
            status = find_status(block.get("status", ""))
            status = status if says_why(status) else find_status(diagnostic) or status
            status = refine_status(status, diagnostic)
            recipient = next(iter(find_addresses(recipient)), recipient[:320])
            if not diagnostic and recipient:
                diagnostic = find_reason(text, recipient)
            reports.append(
                DeliveryReport(
                    action=action if action in _ACTIONS else _action_for(status),
                    status=status,
                    recipient=recipient,
                    diagnostic=diagnostic[:1000],
                )
            )
    return reports


def _status_blocks(part: _Part) -> list[dict[str, str]]:
    """The field groups of a delivery-status part; the parser gives them as messages, or as text if it was encoded.

    Of `message/global-delivery-status` (RFC 6533 §3) it gives the first group as a message and the others as its body.
    """
    if decoded := _decoded_text(part):
        return _tell_apart(_split_groups(decoded))
    groups: list[_Fields] = []
    for child in _children(part):
        groups.append([(_field_name(k), decode_header(str(v)[:5000])) for k, v in child.raw_items()])
        groups += _read_groups(child)
    return _tell_apart(groups or _read_groups(part))


def _tell_apart(groups: Sequence[_Fields]) -> list[dict[str, str]]:
    """The fields of each recipient, the first of each name, where empty lines are missing between them or too many."""
    blocks: list[dict[str, str]] = []
    for group in groups:
        block: dict[str, str] = {}
        for name, value in group:
            if name in _RECIPIENTS and name in block:
                blocks.append(block)
                block = {}
            block.setdefault(name, value)
        before = blocks[-1] if blocks else {}
        had, has = (any(name in one for name in _RECIPIENTS) for one in (before, block))
        if had and not has and not before.keys() & block.keys():
            before.update(block)
        else:
            blocks.append(block)
    return blocks


def _field_name(name: str) -> str:
    return _MISSPELLED.sub("recipient", name.strip().lower().replace("_", "-"))


def _read_groups(part: _Part) -> list[_Fields]:
    data = part.get_payload(decode=True)
    return _split_groups(data.decode("utf-8", "replace") if isinstance(data, bytes) else "")


def _decoded_text(part: _Part) -> str:
    """What an encoded part for machines says, "" if it is not encoded: forbidden (RFC 2046 §5.2), but gateways do it.

    The parser has taken the encoded text for groups of fields: it is put together again.
    """
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if encoding not in ("base64", "quoted-printable"):
        return ""
    source = "\n\n".join(
        "".join(f"{name}: {value}\n" for name, value in child.raw_items()) + str(child.get_payload())
        for child in _children(part)
    ).encode("utf-8", "replace")[:_MAX_TEXT]
    data = a2b_qp(source) if encoding == "quoted-printable" else a2b_base64(source)
    return data.decode("utf-8", "replace")


def _split_groups(text: str) -> list[_Fields]:
    return [_read_fields(group) for group in re.split(r"\r?\n\r?\n", text[:_MAX_TEXT]) if group.strip()]


def _read_fields(text: str) -> _Fields:
    pairs = (line.partition(":") for line in re.split(r"\r?\n(?![ \t])", text))
    return [(_field_name(name), decode_header(value.strip())) for name, colon, value in pairs if colon]


def _typed(value: str) -> str:
    """The value of a typed field: `rfc822; a@b` gives `a@b` (RFC 3464 §2.3)."""
    kind, semicolon, rest = value.partition(";")
    typed = clean_text(rest.strip() if semicolon and len(kind) < 20 else value.strip())
    return _ESCAPED.sub(_unescape, typed) if kind.strip().lower() == "utf-8" else typed


def _unescape(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return chr(code) if 0x80 <= code < 0xD800 or 0xE000 <= code < 0x110000 else found[0]


def _action_for(status: str) -> str:
    return {"4": "delayed", "2": "delivered"}.get(status[:1], "failed")


def _from_daemon(headers: Sequence[tuple[str, str]]) -> bool:
    sender = _first(headers, "from")
    if _first(headers, "return-path").replace(" ", "") == "<>":
        return True
    if not names_mail_system(sender):
        return False
    listed = any(name.lower() == "list-unsubscribe" for name, _ in headers)
    return not is_named_only(sender) or (not listed and bool(BOUNCE_SUBJECT.search(_first(headers, "subject"))))


def _first(headers: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _flanker_hint(root: _Part) -> tuple[str, str]:
    """(status, diagnostic) as flanker's bounce detector sees them, ("", "") if it is not sure."""
    from flanker.mime import bounce, from_string

    try:
        result = bounce.detect(from_string(root.as_bytes()[:200_000]))
    except Exception:
        return "", ""
    if not result.is_bounce():
        return "", ""
    return find_status(str(result.status)), str(result.diagnostic_code)[:1000]


def _original_message_id(leaves: _Leaves, headers: Sequence[tuple[str, str]], text: str) -> str:
    """The Message-ID of the mail that came back: from its returned headers, else the vendor header, else the text."""
    if returned := next((one for kind, part in leaves if (one := _returned_id(kind, part))), ""):
        return returned
    for name, value in headers:
        if name.lower() in (
            "x-ms-exchange-message-sent-original-message-id",
            "original-message-id",
            "x-original-message-id",
        ):
            return value.strip("<> ")
    files = (part.get_payload(decode=True) for part in _of_type(leaves, "text/plain") if part.get_filename())
    sources = (text, *(data.decode("utf-8", "replace") for data in files if isinstance(data, bytes)))
    return next((one for source in sources if (one := _find_id(source))), "")


def _returned_id(kind: str, part: _Part) -> str:
    """The Message-ID of a part that holds the returned mail, or its head, "" of any other part."""
    if kind in ("message/rfc822", "message/global"):
        if encoded := _decoded_text(part):
            return _find_id(encoded)
        ids = (re.search(r"<([^<>\s]{1,500})>", str(child.get("message-id", ""))) for child in _children(part))
        return next((found[1] for found in ids if found), "")
    if kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
        data = part.get_payload(decode=True)
        return _find_id(data.decode("utf-8", "replace") if isinstance(data, bytes) else part.as_string())
    return ""


def _find_id(text: str) -> str:
    found = _ORIGINAL_ID.search(text[:200_000])
    return found[1] if found else ""
