"""In charge of: which of our mails a bounce speaks of, and what it says (RFC 3464, RFC 6522, plain text).

Not in charge of: which delivery that is (`usecases.record_report`), nor whether the mail is a bounce (`automatic`).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from email.message import Message
from typing import TypeAlias, cast

from gateway.inbound.bounce_words import (
    BOUNCE_SUBJECT,
    DELAY_SUBJECT,
    FAILURE,
    guess_status,
    names_mail_system,
    refine_status,
    says_why,
)
from gateway.inbound.charsets import clean_text, decode_header
from gateway.inbound.html_text import html_to_text
from gateway.threads.incoming import DeliveryReport

log = logging.getLogger("gateway.inbound.bounces")

_Part: TypeAlias = "Message[str, str]"
_Leaves: TypeAlias = "list[tuple[str, _Part]]"
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_FAILED = "x-failed-recipients"
_ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.-])([45])(\d)(\d)[ -]")
# An ASCII domain ends where another script begins: Chinese and Korean words follow without a space.
_ADDRESS = re.compile(
    r"[^\s<>\"'();:,@\u3000-\u303f\uff00-\uff65]{1,64}@"
    r"(?:[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,63}(?![A-Za-z0-9-])|"
    r"[A-Za-z0-9\u0080-\u2fff\u3040-\ufeff.-]{1,253}\.[A-Za-z0-9\u0080-\u2fff\u3040-\ufeff-]{2,63})"
)
_ORIGINAL_ID = re.compile(
    r"^(?:x-)?(?:original-)?message-id:[ \t]*(?:\r?\n[ \t]+)?<([^<>\s]{1,500})>", re.IGNORECASE | re.MULTILINE
)
_AROUND_ADDRESS = " \t\r<>*▶:;,.-"  # on a line of its own, as a list of recipients gives it
_MAX_RECIPIENTS = 50
_MAX_TEXT = 20_000
_MAX_HTML = 200_000
_REFUSED = re.compile(r"(?<![\d.-])[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3}|(?:^|[:>] ?)[45]\d\d[ -]", re.MULTILINE)
_GIVEN_UP = re.compile(r"permanent|giv(?:en?|ing) up|will not be re|could not be delivered|실패|failed", re.IGNORECASE)
_ENDED = re.compile(r"permanent error|given up|giving up|not (?:going to )?try again|too long|expired", re.IGNORECASE)
_RETURNED = re.compile(r"return(?:ed|ing)|failure notice|undeliver", re.IGNORECASE)
_ARRIVED = re.compile(
    r"success|\(relay|\A\s*(?:delivered|relayed|expanded)\b|성공|(?<!není )\bdoručeno|(?<!не )\bдоставлено",
    re.IGNORECASE,
)
_TRIES_ON = re.compile(
    r"will (?:keep|be) (?:trying|retried)|will retry|still being (?:retried|processed)|not yet been delivered|"
    r"attempts will continue",
    re.IGNORECASE,
)
_DELAY_SIGNS = re.compile(
    r"\bdelay|temporar|"
    r"지연|zpožděn|задерж|verzögert|retard|遅延|延迟",
    re.IGNORECASE,
)


def read_reports(
    root: _Part, *, text: str, html: str = "", headers: Sequence[tuple[str, str]]
) -> tuple[DeliveryReport, ...]:
    """One report per recipient named, () for any mail that is no bounce. `html` is read if there is no `text`.

    First the machine-readable part, then X-Failed-Recipients, then the text of a mail from a mailer daemon.
    """
    try:
        leaves = _list_leaves(root)
        from_daemon = _from_daemon(headers)
        if not from_daemon and not _may_report(leaves, headers):
            return ()
        text = text if text.strip() or not html else html_to_text(html[:_MAX_HTML])
        original = _original_message_id(leaves, headers, text)
        reports = _from_status_parts(leaves, original)
        if not reports:
            reports = _from_failed_recipients(headers, text, original)
        if not reports and from_daemon:
            named = names_mail_system(_first(headers, "from"))
            reports = _from_text(root, text, original, subject=_first(headers, "subject") if named else "")
        return tuple(reports[:_MAX_RECIPIENTS])
    except Exception as error:
        log.info("a delivery report could not be read: %s", type(error).__name__)
        return ()


def _may_report(leaves: _Leaves, headers: Sequence[tuple[str, str]]) -> bool:
    return any(kind in _STATUS_TYPES for kind, _ in leaves) or any(k.lower() == _FAILED for k, _ in headers)


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


def _from_status_parts(leaves: _Leaves, original: str) -> list[DeliveryReport]:
    reports = []
    for part in [p for kind in _STATUS_TYPES for p in _of_type(leaves, kind)]:
        for block in _status_blocks(part)[: _MAX_RECIPIENTS + 1]:
            final, first = (_typed(block.get(f"{which}-recipient", "")) for which in ("final", "original"))
            recipient = final if "@" in final or "@" not in first else first  # a local name says nothing to us
            action = block.get("action", "").split("(")[0].strip().lower()
            if not recipient and not action:
                continue
            diagnostic = _typed(block.get("diagnostic-code", "")) or block.get("diagnostic-code", "")
            status = _find_status(block.get("status", ""))
            status = status if says_why(status) else _find_status(diagnostic) or status
            status = refine_status(status, diagnostic)
            reports.append(
                DeliveryReport(
                    action=action if action in _ACTIONS else _action_for(status),
                    status=status,
                    recipient=_first_address(recipient) or recipient[:320],
                    diagnostic=diagnostic[:1000],
                    original_message_id=original,
                )
            )
    return reports


def _status_blocks(part: _Part) -> list[dict[str, str]]:
    """The field groups of a delivery-status part; the parser gives them as messages, or as text if it was encoded.

    Of `message/global-delivery-status` (RFC 6533 §3) it gives the first group as a message and the others as its body.
    """
    blocks = []
    for child in _children(part):
        fields = {k.lower(): decode_header(str(v)[:5000]) for k, v in reversed(list(child.raw_items()))}
        blocks += [fields, *_read_groups(child)]
    return blocks or _read_groups(part)


def _read_groups(part: _Part) -> list[dict[str, str]]:
    data = part.get_payload(decode=True)
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
    return [_read_fields(group) for group in re.split(r"\r?\n\r?\n", text[:_MAX_TEXT]) if group.strip()]


def _read_fields(text: str) -> dict[str, str]:
    lines = re.split(r"\r?\n(?![ \t])", text[:_MAX_TEXT])
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): decode_header(value.strip()) for name, colon, value in pairs if colon}


def _typed(value: str) -> str:
    """The value of a typed field: `rfc822; a@b` gives `a@b` (RFC 3464 §2.3)."""
    kind, semicolon, rest = value.partition(";")
    return clean_text(rest.strip() if semicolon and len(kind) < 20 else value.strip())


def _first_address(text: str) -> str:
    found = _ADDRESS.search(text)
    return found[0] if found else ""


def _find_status(text: str) -> str:
    """The first enhanced status that says why, else the first one, else what a basic code is worth."""
    codes: list[str] = _STATUS.findall(text)
    if codes:
        return next((code for code in codes if says_why(code)), codes[0])
    basic = _BASIC.search(text + " ")
    return f"{basic[1]}.0.0" if basic else ""


def _action_for(status: str) -> str:
    return {"4": "delayed", "2": "delivered"}.get(status[:1], "failed")


def _from_failed_recipients(headers: Sequence[tuple[str, str]], text: str, original: str) -> list[DeliveryReport]:
    value = _first(headers, _FAILED)
    status = _find_status(text[:_MAX_TEXT])
    status = refine_status(status, _before_original(text))
    return [
        DeliveryReport("failed", status, address, _diagnostic_line(text, address), original)
        for address in dict.fromkeys(_ADDRESS.findall(value))
    ]


def _from_daemon(headers: Sequence[tuple[str, str]]) -> bool:
    return names_mail_system(_first(headers, "from")) or _first(headers, "return-path").replace(" ", "") == "<>"


def _first(headers: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _from_text(root: _Part, text: str, original: str, *, subject: str) -> list[DeliveryReport]:
    """A bounce in prose: it must say that delivery failed, and name an address near to that.

    `subject`: of a mail whose sender is called a mail system. From others with an empty return path, such as absence
    notices, words of delay, codes and subjects mean nothing.
    """
    head = _before_original(text)
    flat = " ".join(head.split())  # mail systems break lines anywhere
    late = bool(DELAY_SUBJECT.search(subject))
    told = bool(BOUNCE_SUBJECT.search(subject)) and not _ARRIVED.search(subject)
    fails = told or FAILURE.search(flat) or (subject and (_is_under_way(flat) or _REFUSED.search(head)))
    hint_status, hint_diagnostic = _flanker_hint(root) if not fails else ("", "")
    if not fails and not hint_status:
        return []
    daemon = ("mailer-daemon@", "postmaster@")
    addresses = [a for a in dict.fromkeys(_ADDRESS.findall(head)) if not a.lower().startswith(daemon)]
    listed = set(addresses)
    alone = [line for line in (one.strip(_AROUND_ADDRESS) for one in head.split("\n")) if line in listed]
    coded = _find_status(head) or hint_status
    ended = _ENDED.search(flat) or _RETURNED.search(subject)
    delayed = late or (coded.startswith("4") and not ended) or (not coded and _is_under_way(flat))
    guessed = "" if says_why(coded) else guess_status(head)
    status = coded or f"4{guessed[1:] or '.0.0'}" if delayed else guessed or coded
    action = "delayed" if delayed else "failed"
    return [
        DeliveryReport(action, status, address, _diagnostic_line(head, address) or hint_diagnostic, original)
        for address in (alone or addresses)[:1]
    ]


def _is_under_way(flat: str) -> bool:
    """Whether the sender of the notice goes on trying."""
    return bool(_TRIES_ON.search(flat) or (_DELAY_SIGNS.search(flat) and not _GIVEN_UP.search(flat)))


def _before_original(text: str) -> str:
    """The notice itself, without the returned mail below it."""
    found = re.search(
        r"^(?:-{3,}+[^\n]{0,60}(?:copy|original|message|원본|kopie)|received: |return-path: )",
        text[:_MAX_TEXT],
        re.I | re.M,
    )
    return text[: found.start()] if found else text[:_MAX_TEXT]


def _diagnostic_line(text: str, address: str) -> str:
    """The line that carries a status code, else the one after the address."""
    lines = [line.strip() for line in text[:_MAX_TEXT].split("\n")]
    coded = next((line for line in lines if _STATUS.search(line) or _BASIC.match(line)), "")
    if coded:
        return coded[:1000]
    after = next((i for i, line in enumerate(lines) if address in line), None)
    return next((line for line in lines[after + 1 :] if line), "")[:1000] if after is not None else ""


def _flanker_hint(root: _Part) -> tuple[str, str]:
    """(status, diagnostic) as flanker's bounce detector sees them, ("", "") if it is not sure."""
    from flanker.mime import bounce, from_string

    try:
        result = bounce.detect(from_string(root.as_bytes()[:200_000]))
    except Exception:
        return "", ""
    if not result.is_bounce():
        return "", ""
    return _find_status(str(result.status)), str(result.diagnostic_code)[:1000]


def _original_message_id(leaves: _Leaves, headers: Sequence[tuple[str, str]], text: str) -> str:
    """The Message-ID of the mail that came back: from its returned headers, else the vendor header, else the text."""
    for kind in ("message/rfc822", "message/global"):
        for part in _of_type(leaves, kind):
            for child in _children(part):
                found = re.search(r"<([^<>\s]{1,500})>", str(child.get("message-id", "")))
                if found:
                    return found[1]
    for kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
        for part in _of_type(leaves, kind):
            data = part.get_payload(decode=True)
            source = data.decode("utf-8", "replace") if isinstance(data, bytes) else part.as_string()
            found = _ORIGINAL_ID.search(source[:100_000])
            if found:
                return found[1]
    for name, value in headers:
        if name.lower() in (
            "x-ms-exchange-message-sent-original-message-id",
            "original-message-id",
            "x-original-message-id",
        ):
            return value.strip("<> ")
    found = _ORIGINAL_ID.search(text[:200_000])
    return found[1] if found else ""
