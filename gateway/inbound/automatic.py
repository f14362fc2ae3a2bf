"""In charge of: whether a machine wrote a mail, and which kind.

Not in charge of: what to do about it (`policies/loops`).

The union of what the best gateways look at (RFC 3834 `Auto-Submitted`, `Precedence`, vendor headers, null sender
reports, subjects in many languages), and what a mail says of itself. `Auto-Submitted: no` means a person;
`X-Auto-Response-Suppress` alone does not count, because Exchange and many ticket systems put it on mail that people
wrote; nor does a no-reply sender. The words are in `automatic_words`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.inbound.automatic_words import has_machine_subject
from gateway.inbound.bounce_words import is_daemon_address, names_mail_system
from gateway.threads.incoming import Address, Automatic, CalendarAnswer, Complaint, DeliveryReport, ReadReceipt

_BOUNCE_SUBJECT = re.compile(
    r"(?:undeliver(?:able|ed)|delivery status notification|mail delivery (?:failed|failure|system)|"
    r"returned mail|failure notice|delivery (?:failure|has failed)|nondeliverable|message not delivered|"
    r"mail system error|warning: (?:message .* delayed|could not send)|delayed mail|message you sent blocked|"
    r"permanent delivery failure|message status - undeliver|(?:nachricht )?(?:unzustellbar|nicht zustellbar)|"
    r"non remis|échec de la remise|no se puede entregar|"
    r"mancata consegna|não foi possível entregar|onbestelbaar|bezorging mislukt|niedostarcz|"
    r"nie można dostarczyć|nedoruč|недоставлен|"
    r"не доставлен|det går inte att leverera|kan ikke leveres|ei voitu toimittaa|teslim edilemedi|系统退信|"
    r"배달 실패|(?:전송|발송|전달) ?실패|반송|배달되지 않|配信不能|配信できません|退信|无法送达)",
    re.IGNORECASE,
)
_AUTO_VALUE = re.compile(
    r"auto-?(?:replied|notified|response|reply|responder|submitted|generated)|holidayreply|machinegenerated|vacation",
    re.IGNORECASE,
)
_BULK_PRECEDENCE = {"bulk", "list", "junk"}
# Headers that autoresponders put on their answers: X-Autoreply, X-Mail-Autoreply, X-Auto-Reply, X-MDAutoResponder,
# X-AutoReply-From, X-Autorespond, X-Auto-Response … but not X-Auto-Response-Suppress
_REPLY_HEADER = re.compile(r"x-(?:[a-z]+-?)?auto[-_]?(?:reply|replied|respon(?:d|se|der|ded))(?!-suppress)")
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
    if values.get("auto-submitted", "").lower().split(";")[0].strip() == "no":
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
        return bool(reports) or bool(_BOUNCE_SUBJECT.search(subject))
    told = _BOUNCE_SUBJECT.search(subject) if reports else _BOUNCE_SUBJECT.match(subject.lstrip(" *[("))
    return null_path and told is not None


def _is_reply(values: dict[str, str]) -> bool:
    submitted = values.get("auto-submitted", "").lower()
    if submitted and not submitted.startswith("auto-generated"):
        return True
    if any("auto" in values.get(name, "").lower() for name in ("precedence", "x-precedence", "preference")):
        return True
    if any(_REPLY_HEADER.match(name) and value.lower() not in _NOT for name, value in values.items()):
        return True
    if any(name in values for name in ("x-vacation", "x-pobox-vacation")):
        return True
    if values.get("delivered-to", "").lower() == "autoresponder" or "x-ms-exchange-inbox-rules-loop" in values:
        return True
    if values.get("x-ms-exchange-generated-message-source", "").lower().startswith("mailbox rules"):
        return True
    if "disposition-notification" in values.get("content-type", "").lower():
        return True
    if values.get("x-autogenerated", "").lower() == "reply" or any(
        _AUTO_VALUE.search(values.get(name, "")) for name in ("x-autogenerated", "x-post-messageclass")
    ):
        return True
    return has_machine_subject(values.get("subject", ""))


def _is_bulk(values: dict[str, str]) -> bool:
    if values.get("auto-submitted", "").lower().startswith("auto-generated"):
        return True
    if (
        values.get("precedence", "").lower() in _BULK_PRECEDENCE
        or values.get("x-precedence", "").lower() in _BULK_PRECEDENCE
    ):
        return True
    if len(values.get("list-unsubscribe", "")) > 5 or "list-id" in values or "feedback-id" in values:
        return True
    return values.get("x-loop", "").lower() in ("yes", "true")
