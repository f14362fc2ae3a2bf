"""In charge of: everything that the parsing process finds out about one mail, in one call.

Not in charge of: the process.

The only module that `sandbox` runs; importing it loads every parser.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace

from gateway.inbound.automatic_words import behind_tags, speaks_as_machine
from gateway.inbound.calendars import add_words
from gateway.inbound.filetypes import find_type
from gateway.inbound.html import sanitise
from gateway.inbound.mime import parse_mail
from gateway.inbound.replies import split_reply
from gateway.inbound.uuencoded import take_uuencoded
from gateway.threads.blanks import is_blank
from gateway.threads.incoming import Automatic, IncomingMail, ReadMail, SplitReply
from gateway.threads.subjects import on_one_line

log = logging.getLogger("gateway.inbound.reading")

# Reply prefixes of mail clients. Nothing that may be left out stands beside another of its kind: a subject of thousands
# of spaces is read once.
_ANSWER = r"(?:re|aw|sv|vs|odp|ant|ynt|antw|antwort|rif|res|r|回复|답장|회신|回覆|返信)\s*+(?:\[\d+\]\s*+)?[:：]\s*+"
_ANSWERED = re.compile(rf"\s*+{_ANSWER}", re.IGNORECASE)
# Forward prefixes, after any number of those.
_FORWARDED = re.compile(
    rf"\s*+(?:{_ANSWER}){{0,10}}(?:"
    r"(?:fwd?|wg|vb|vl|tr|rv|i|pd|enc|fs|doorst|vidarebefordrat|přeposláno|předáno|пересл(?:ано)?|пер|"
    r"전달|转发|轉寄|轉發|転送|İlt|ilt)\s*+[:：]|"
    r"[\[(【]\s*+(?:fwd?\b|전달|转发|轉寄|轉發|転送)\s*+[:：\])】])",
    re.IGNORECASE,
)


def read_mail(raw: bytes, known: Sequence[str] = ()) -> ReadMail:
    """Parse a mail, split off what its writer quoted, and make its HTML safe. Never raises for any bytes.

    `known`: the texts that we sent before in this thread. A forwarded mail (by its subject) keeps what it forwards. Of
    a mail that is empty below its subject, the subject is the words.
    """
    mail = parse_mail(raw)
    if mail.attachments:
        mail = replace(mail, attachments=tuple(replace(a, found_type=find_type(a.content)) for a in mail.attachments))
    try:
        split = _split(mail, known)
    except Exception as error:
        log.warning("a reply could not be split: %s", type(error).__name__)
        mail = replace(mail, defects=(*mail.defects, f"reply not split: {type(error).__name__}"))
        split = SplitReply(reply=mail.text)
    if mail.calendar is not None:
        mail = replace(mail, calendar=add_words(mail.calendar, split.reply))
    if mail.automatic is Automatic.NO and _speaks_as_machine(mail, split):
        mail = replace(mail, automatic=Automatic.REPLY)
    subject = own_subject(mail.subject)
    if subject and _is_bare(mail, split):  # "I cannot come today"
        split = replace(split, reply=mail.subject.strip())
    try:
        html = sanitise(mail.html)
    except Exception as error:
        log.warning("HTML could not be made safe: %s", type(error).__name__)
        mail = replace(mail, defects=(*mail.defects, f"html not shown: {type(error).__name__}"))
        html = ""
    return ReadMail(mail=mail, split=split, html=html, subject=subject)


def is_forwarded(subject: str) -> bool:
    """Whether a subject says that the mail forwards another."""
    return bool(_FORWARDED.match(subject[:300]))


def is_answered(subject: str) -> bool:
    """Whether a subject says that the mail answers another, and forwards none."""
    return bool(_ANSWERED.match(subject[:300])) and not is_forwarded(subject)


def own_subject(subject: str) -> str:
    """The subject on one line, if its writer wrote it themselves; "" for that of an answer or forwarded mail."""
    bare = behind_tags(subject[:300])
    if any(is_answered(s) or is_forwarded(s) for s in (subject, bare)):
        return ""
    return "" if is_blank(subject) else on_one_line(subject)


def _is_bare(mail: IncomingMail, split: SplitReply) -> bool:
    """Whether nothing stands below the subject."""
    return not mail.attachments and all(map(is_blank, (split.reply, split.folded, split.signature)))


def _speaks_as_machine(mail: IncomingMail, split: SplitReply) -> bool:
    """By its own words only: what it quotes or forwards may be a machine's."""
    sender = mail.from_[0].address if mail.from_ else ""
    spoken = any(speaks_as_machine(words, sender) for words in (split.reply, split.signature) if words)
    return spoken and not is_forwarded(mail.subject)


def _split(mail: IncomingMail, known: Sequence[str]) -> SplitReply:
    text, _ = take_uuencoded(mail.text)  # they are attachments
    return split_reply(
        text or None,
        mail.html or None,
        known=known,
        forwarded=is_forwarded(mail.subject),
        answered=is_answered(mail.subject),
    )
