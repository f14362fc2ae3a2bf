"""In charge of: what a bounce says in prose: whom it names, whether it has given up, and the line that tells why.

Not in charge of: parts that are made for machines (`bounces`), nor the words themselves (`bounce_words`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from itertools import takewhile

from gateway.inbound.automatic_words import has_machine_subject
from gateway.inbound.bounce_words import (
    BOUNCE_SUBJECT,
    DELAY_SUBJECT,
    DELAY_WORDS,
    FAILURE,
    NO_MORE,
    TRIES_ON,
    guess_status,
    refine_status,
    says_why,
)
from gateway.threads.incoming import DeliveryReport

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.-])([45])(\d)(\d)[ -]")
# An ASCII domain ends where another script begins: Chinese and Korean words follow without a space.
_ADDRESS = re.compile(
    r"[^\s<>\"'()\[\];:,@\u3000-\u303f\uff00-\uff65]{1,64}@"
    r"(?:[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,63}(?![A-Za-z0-9-])|"
    r"[A-Za-z0-9\u0080-\u2fff\u3040-\ufeff.-]{1,253}\.[A-Za-z0-9\u0080-\u2fff\u3040-\ufeff-]{2,63})"
)
_AROUND_ADDRESS = " \t\r<>*▶:;,.-"  # on a line of its own, as a list of recipients gives it
# A line that names whose mail it was, or which: an address in it is no recipient's.
_NOT_RECIPIENT = re.compile(
    r"\W{0,8}(?:(?:x-)?(?:original-)?message[- ]?id|(?:mail |envelope )?from|sender|reply-to|return-path|von|absender|"
    r"expéditeur|de|da|remitente|mittente|remetente|van|afzender|nadawca|od|odesílatel|от(?: кого)?|отправитель|від|"
    r"från|fra|avsändare|보낸 ?(?:사람|이)|발신자?|差出人|送信者|发件人|發件人|寄件者)[ \t]{0,4}[:：=]",
    re.IGNORECASE,
)
# `<a@b>: why`: how Postfix, qmail and their kin begin what they say of each recipient.
_BLOCK = re.compile(r"^[ \t]{0,8}<([^<>\s]{3,320})>:", re.MULTILINE)
_SIGNATURE = re.compile(r"^-- ?\r?$", re.MULTILINE)
_MAX_TEXT = 20_000
_MAX_BLOCKS = 50
_REFUSED = re.compile(
    r"(?<![\d.-])[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3}|(?:^|[:<>] ?)[45]\d\d(?:[ -]|: )(?!\d\d[:/])", re.MULTILINE
)
_ENDED = re.compile(r"permanent error|too long|expired", re.IGNORECASE)
_GIVEN_UP = re.compile(r"permanent|giv(?:en?|ing) up|will not be re|could not be delivered|실패|failed", re.IGNORECASE)
_RETURNED = re.compile(r"return(?:ed|ing)|fail(?:ed|ure)|undeliver", re.IGNORECASE)
_ARRIVED = re.compile(
    r"success|\(relay|\A\s*(?:delivered|relayed|expanded)\b|성공|(?<!není )\bdoručeno|(?<!не )\bдоставлено",
    re.IGNORECASE,
)
_RULE = re.compile(r"\W*\Z|[-|*=_]{3}")
_RETURNED_BELOW = re.compile(r"(?:the )?(?:original message|message headers)\b.{0,30}\Z", re.IGNORECASE)


def find_addresses(text: str) -> list[str]:
    """All addresses in a text, each once, in order."""
    return list(dict.fromkeys(_ADDRESS.findall(text)))


def find_status(text: str) -> str:
    """The first enhanced status that says why, else the first one, else what a basic code is worth."""
    codes: list[str] = _STATUS.findall(text)
    if codes:
        return next((code for code in codes if says_why(code)), codes[0])
    basic = _BASIC.search(text + " ")
    return f"{basic[1]}.0.0" if basic else ""


def read_listed(recipients: Sequence[str], text: str, subject: str) -> list[DeliveryReport]:
    """Reports of recipients that a header lists: the text below says what became of them."""
    head = _before_original(text)
    reports = []
    for address in recipients:
        section = _section(head, address, recipients)
        status = refine_status(find_status(section), section)
        late = _is_delayed(subject, head, status)
        status = f"4{status[1:] or '.0.0'}" if late else status
        reports.append(DeliveryReport("delayed" if late else "failed", status, address, find_reason(section, address)))
    return reports


def read_prose(
    text: str, *, subject: str, named: bool, own: Collection[str], hint: Callable[[], tuple[str, str]]
) -> list[DeliveryReport]:
    """A bounce in prose: it must say that delivery failed, and name an address.

    `named`: its sender is called a mail system. Of others with an empty return path, such as absence notices, words of
    delay, codes and subjects mean nothing alone. `own`: the addresses that it was sent to. `hint`: (status, diagnostic)
    as another detector sees them, asked if the words say nothing.
    """
    head = _before_original(text)
    flat = " ".join(head.split())  # mail systems break lines anywhere
    arrived = named and _ARRIVED.search(subject)
    status, diagnostic = "", ""
    if not arrived and not (_fails_named(subject, head, flat) if named else _fails_unnamed(subject, head, flat)):
        status, diagnostic = hint()
        if not status:
            return []
    recipients = _find_recipients(head, own)
    if arrived:
        action = "relayed" if "relay" in subject.lower() else "delivered"
        failed = FAILURE.search(flat)  # of some, perhaps: then nothing is sure
        return [] if failed else [DeliveryReport(action, "", address, "") for address in recipients[:1]]
    reports = []
    for address in recipients:
        section = _section(head, address, recipients) if len(recipients) > 1 else head
        coded = find_status(section) or status
        late = _is_delayed(subject if named else "", section if len(recipients) > 1 else head, coded)
        guessed = "" if says_why(coded) else guess_status(section)
        found = coded or f"4{guessed[1:] or '.0.0'}" if late else guessed or coded
        reason = find_reason(section, address) or diagnostic
        reports.append(DeliveryReport("delayed" if late else "failed", found, address, reason))
    return reports


def _fails_named(subject: str, head: str, flat: str) -> bool:
    told = any(words.search(subject) for words in (BOUNCE_SUBJECT, DELAY_SUBJECT, FAILURE))
    return bool(told or FAILURE.search(flat) or _is_under_way(flat) or _REFUSED.search(head))


def _fails_unnamed(subject: str, head: str, flat: str) -> bool:
    """Absence notices too have an empty return path, and speak of mail that nobody gets: words alone prove nothing."""
    if not FAILURE.search(flat) or has_machine_subject(subject):
        return False
    return bool(
        _REFUSED.search(head) or _STATUS.search(head) or BOUNCE_SUBJECT.search(subject) or FAILURE.search(subject)
    )


def _is_delayed(subject: str, text: str, coded: str) -> bool:
    """Whether the mail is still under way. A mail system that says of a code 4.x.x that the mail came back gave up."""
    flat = " ".join(text.split())
    if DELAY_SUBJECT.search(subject):
        return True
    if NO_MORE.search(flat):
        return False
    if TRIES_ON.search(flat):
        return not coded or coded.startswith("4")
    if any(words.search(subject) for words in (_RETURNED, BOUNCE_SUBJECT, FAILURE)):
        return False
    return not _ENDED.search(flat) if coded.startswith("4") else not coded and _is_under_way(flat)


def _is_under_way(flat: str) -> bool:
    """Whether the sender of the notice goes on trying."""
    return bool(TRIES_ON.search(flat) or (DELAY_WORDS.search(flat) and not _GIVEN_UP.search(flat)))


def _find_recipients(head: str, own: Collection[str]) -> list[str]:
    """Whom the notice is about: who begins a paragraph, else the first on a line of its own or that begins one,
    else the first named."""
    blocks = [a for a in dict.fromkeys(_BLOCK.findall(head)) if _ADDRESS.fullmatch(a) and a.lower() not in own]
    if blocks:
        return blocks[:_MAX_BLOCKS]
    daemon = ("mailer-daemon@", "postmaster@")
    lines = [
        line
        for line in _SIGNATURE.split(head, maxsplit=1)[0].split("\n")
        if "@" in line and not _NOT_RECIPIENT.match(line)
    ]
    addresses = [a for a in find_addresses("\n".join(lines)) if not a.lower().startswith(daemon)]
    addresses = [a for a in addresses if a.lower() not in own]
    listed = set(addresses)
    bare = [line.strip(_AROUND_ADDRESS) for line in lines]
    alone = [line for line in bare if line in listed]
    leading = [found[0] for line in bare if (found := _ADDRESS.match(line)) and found[0] in listed]
    return (alone or leading or addresses)[:1]


def _section(head: str, address: str, others: Sequence[str]) -> str:
    """From where the address is named to where another one is; everything if nothing else is told apart."""
    start = head.find(address)
    if start < 0 or len(others) < 2:
        return head
    ends = [at for other in others if other != address and (at := head.find(other, start + len(address))) > 0]
    return head[start : min(ends, default=len(head))]


def _before_original(text: str) -> str:
    """The notice itself, without the returned mail below it."""
    found = re.search(
        r"^(?:-{3,}+[^\n]{0,60}(?:copy|original|message|원본|kopie)|received: |return-path: )",
        text[:_MAX_TEXT],
        re.I | re.M,
    )
    return text[: found.start()] if found else text[:_MAX_TEXT]


def find_reason(text: str, address: str) -> str:
    """What tells a person why: the server's answer, else what stands behind the address or below it, else around it."""
    lines = text[:_MAX_TEXT].split("\n")
    for pattern in (_STATUS, _REFUSED):
        at = next((i for i, line in enumerate(lines) if pattern.search(line.strip())), None)
        if at is not None:
            return _with_rest(lines, at)
    at = next((i for i, line in enumerate(lines) if address in line), None)
    if at is None:
        return ""
    behind = lines[at].rpartition(address)[2]
    said = behind.strip(" \t\r<>()[]:;,.-…")
    if said and (behind.lstrip("> \t").startswith(":") or _tells(said)):
        return _with_rest([said, *lines[at + 1 :]], 0)
    stripped = (line.strip() for line in lines[at + 1 : at + 40])
    notice = takewhile(lambda line: not _RETURNED_BELOW.match(line), stripped)
    below = [line for line in notice if not _RULE.match(line)]
    told = next((line for line in below if guess_status(line)), "")
    told = told or next((line for line in below if FAILURE.search(line) and not line.endswith((":", "："))), "")
    same = lines[at].strip() if _tells(lines[at]) else ""
    plain = next((line for line in below if not line.endswith((":", "："))), "")
    above = next((line.strip() for line in reversed(lines[max(0, at - 3) : at]) if _tells(line)), "")
    whole = lines[at].strip()
    return (told or same or plain or above or ("" if whole.strip(_AROUND_ADDRESS) == address else whole))[:1000]


def _tells(line: str) -> bool:
    return bool(guess_status(line) or FAILURE.search(line))


def _with_rest(lines: Sequence[str], at: int) -> str:
    """A line and those that carry it on: indented deeper (Postfix), or of the same many-lined answer (550-, 550)."""
    first = lines[at].expandtabs()
    depth = len(first) - len(first.lstrip())
    joined = [first.strip()]
    for line in lines[at + 1 : at + 6]:
        words = line.expandtabs()
        deeper = len(words) - len(words.lstrip()) > depth
        answered = re.match(r"([45]\d\d)-", joined[-1])
        if not words.strip() or not (deeper or (answered and words.strip().startswith(answered[1]))):
            break
        joined.append(words.strip())
    return " ".join(joined)[:1000]
