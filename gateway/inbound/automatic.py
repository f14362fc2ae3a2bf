"""In charge of: whether a machine wrote a mail, and which kind.

Not in charge of: what to do about it (`policies/loops`).

The union of what the best gateways look at (RFC 3834 `Auto-Submitted`, `Precedence`, vendor headers, null sender
reports, subjects in many languages), and what a mail says of itself. `Auto-Submitted: no` means a person;
`X-Auto-Response-Suppress` alone does not count, because Exchange and many ticket systems put it on mail that people
wrote; nor does a no-reply sender, nor `Feedback-ID`, which Fastmail, Proton and Amazon put on everybody's mail. The
words are in `automatic_words`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.inbound.automatic_words import has_machine_subject, is_answer
from gateway.inbound.bounce_words import BOUNCE_SUBJECT, is_daemon_address, names_mail_system
from gateway.threads.incoming import Address, Automatic, CalendarAnswer, Complaint, DeliveryReport, ReadReceipt

_AUTO_VALUE = re.compile(
    r"auto-?(?:replied|notified|response|reply|responder|submitted|generated)|holidayreply|machinegenerated|vacation",
    re.IGNORECASE,
)
_BULK_PRECEDENCE = {"bulk", "junk"}
_LIST_HEADERS = ("list-id", "list-post", "mailing-list")  # of list software
# Headers that autoresponders put on their answers: X-Autoreply, X-Mail-Autoreply, X-Auto-Reply, X-MDAutoResponder,
# X-AutoReply-From, X-Autorespond, X-Auto-Response … but not those that ask for none: X-Auto-Response-Suppress,
# X-No-Auto-Reply
_REPLY_HEADER = re.compile(
    r"x-(?!(?:no|not|never|disabled?|suppress|prevent|ignore|skip|block|stop)-?auto)"
    r"(?:[a-z]+-?)?auto(?:matic)?[-_]?(?:reply|replied|respon(?:d|se|der|ded))(?!-(?:suppress|ignore|disable|block))"
)
# A comment may stand before the word (RFC 3834 §5).
_SUBMITTED = re.compile(r"\s*(?:\([^()]{0,200}\)\s*)?([\w-]*)")
_VACATION_MAILER = re.compile(r"vacation(?!\s+[a-z])\b", re.IGNORECASE)  # the program, no trade in holidays
_NOT = ("", "no", "false", "0", "none")


def detect_automatic(
    headers: Sequence[tuple[str, str]],
    *,
    from_: Sequence[Address],
    content_type: str = "",
    reports: Sequence[DeliveryReport] = (),
) -> Automatic:
    """What kind of machine wrote the mail, NO if it looks like a person's. Bounce wins over reply, reply over bulk."""
    values: dict[str, str] = {}
    for name, value in headers:
        values.setdefault(name.lower(), value.strip())
    if _is_bounce(values, from_, content_type, reports):
        return Automatic.BOUNCE
    if _read_submitted(values) == "no":
        return Automatic.NO
    if _is_reply(values):
        return Automatic.REPLY
    return Automatic.BULK if _is_bulk(values) else Automatic.NO


def name_report(
    kind: Automatic,
    *,
    complaint: Complaint | None,
    receipt: ReadReceipt | None,
    calendar: CalendarAnswer | None,
) -> Automatic:
    """The kind of a mail, given what its parts for machines say: they are surer than its headers."""
    if complaint is not None:
        return Automatic.COMPLAINT
    if receipt is not None:
        return Automatic.RECEIPT
    return Automatic.CALENDAR if calendar is not None and kind is not Automatic.BOUNCE else kind


def _is_bounce(
    values: dict[str, str], from_: Sequence[Address], content_type: str, reports: Sequence[DeliveryReport]
) -> bool:
    kind = values.get("content-type", "").lower()
    if content_type == "multipart/report" and "disposition-notification" not in kind:
        return True
    if "x-failed-recipients" in values:
        return True
    null_path = values.get("return-path", "-").replace(" ", "") in ("<>", "")
    subject = values.get("subject", "")
    if is_daemon_address(from_) and null_path:
        return True
    if names_mail_system(values.get("from", "")):
        return bool(reports) or bool(BOUNCE_SUBJECT.search(subject))
    told = BOUNCE_SUBJECT.search(subject) if reports else BOUNCE_SUBJECT.match(subject.lstrip(" *[("))
    return null_path and told is not None


def _is_reply(values: dict[str, str]) -> bool:
    # What was forwarded by a rule may be anybody's.
    if _read_submitted(values) not in (*_NOT, "auto-generated", "auto-forwarded"):
        return True
    if any("auto" in values.get(name, "").lower() for name in ("precedence", "x-precedence", "preference")):
        return True
    doubtful = [name for name in values if "auto" in name]  # as every name has that the pattern knows
    if any(_REPLY_HEADER.match(name) and values[name].lower() not in _NOT for name in doubtful):
        return True
    if any(name in values for name in ("x-vacation", "x-pobox-vacation")):
        return True
    if _VACATION_MAILER.match(values.get("x-mailer", "")) or values.get("delivered-to", "").lower() == "autoresponder":
        return True
    if "resent-from" not in values and _is_of_exchange_rule(values):
        return True
    if "disposition-notification" in values.get("content-type", "").lower():
        return True
    if values.get("x-autogenerated", "").lower() == "reply" or any(
        _AUTO_VALUE.search(values.get(name, "")) for name in ("x-autogenerated", "x-post-messageclass")
    ):
        return True
    return has_machine_subject(values.get("subject", ""))


def _is_of_exchange_rule(values: dict[str, str]) -> bool:
    """Written by a rule of a mailbox, or handed on by one: then `Resent-From` says so."""
    return "x-ms-exchange-inbox-rules-loop" in values or values.get(
        "x-ms-exchange-generated-message-source", ""
    ).lower().startswith("mailbox rules")


def _is_bulk(values: dict[str, str]) -> bool:
    if _read_submitted(values) == "auto-generated":
        return True
    precedence = {values.get(name, "").lower() for name in ("precedence", "x-precedence")}
    if precedence & _BULK_PRECEDENCE or any(name in values for name in _LIST_HEADERS):
        return True
    if any(values.get(name, "").lower() in ("yes", "true") for name in ("x-loop", "x-fc-machinegenerated")):
        return True
    if "list" not in precedence and len(values.get("list-unsubscribe", "")) <= 5:
        return False
    # Gateways and mail-merge tools put these on what people answer; newsletters answer nothing.
    return not ("in-reply-to" in values or "references" in values) or not is_answer(values.get("subject", ""))


def _read_submitted(values: dict[str, str]) -> str:
    word = _SUBMITTED.match(values.get("auto-submitted", "").lower())
    return word[1] if word else ""
