"""In charge of: mail that no person wrote, mail that comes in a flood, and whom an automatic answer may
reach.

Not in charge of: recognising machines by a mail's text and headers (`gateway.inbound.automatic` fills
`mail.automatic`).

Two machines that answer each other never stop, so automatic mail never becomes a message and is never
answered (GW-5, RFC 3834), and our own answers are rare (GW-6).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from gateway.threads.decisions import ALLOW, Decision, Reason, hold, ignore
from gateway.threads.incoming import Automatic, IncomingMail
from gateway.threads.policies.identity import address_domain, ascii_domain

ORIGIN_HEADER = "x-gateway-origin"  # set on every mail that we send
ANSWER_GAP = timedelta(hours=24)

_KINDS = {
    Automatic.REPLY: Reason.AUTOMATIC_REPLY,
    Automatic.BOUNCE: Reason.BOUNCE,
    Automatic.BULK: Reason.BULK_MAIL,
    Automatic.COMPLAINT: Reason.COMPLAINT,
    Automatic.RECEIPT: Reason.READ_RECEIPT,
    Automatic.CALENDAR: Reason.CALENDAR_ANSWER,
}
# Local parts behind which no person reads (RFC 3834 §2, RFC 2142)
_DAEMON = re.compile(r"(mailer-?daemon|mail-daemon|postmaster|mdaemon)([+=].*)?\Z")
_NOBODY = re.compile(
    r"(owner-.*|.*-(owner|request|bounces?)|(no|not|donot|do-not|do_not)[-_.]?reply.*|.*[-_.+](no|donot)[-_.]?reply"
    r"|bounces?([-+=._].*)?|listserv|majordomo|sympa|mailman|root|nobody|daemon)\Z"
)
_NO_ANSWER_HEADERS = frozenset(
    {"list-id", "list-unsubscribe", "list-post", "mailing-list", "x-mailing-list", ORIGIN_HEADER}
)


def check_automatic(mail: IncomingMail, envelope_from: str, *, own_domains: Collection[str]) -> Decision:
    """Did a machine write this, or we ourselves? Such mail is kept and shown small, never taken as a message.

    `own_domains`: the domains in our Message-IDs. A report comes first, because it may quote us and must be
    read.
    """
    if mail.automatic in (Automatic.BOUNCE, Automatic.COMPLAINT):
        return ignore(_KINDS[mail.automatic])
    if _is_own(mail, own_domains):
        return ignore(Reason.OWN_MAIL)
    if reason := _KINDS.get(mail.automatic):
        return ignore(reason)
    if any(_DAEMON.match(local) for local in _locals(mail, envelope_from)):
        return ignore(Reason.BOUNCE, "mailer_daemon")
    if not envelope_from.strip("<> \t"):
        return ignore(Reason.AUTOMATIC_REPLY, "null_path")  # RFC 5321 §4.5.5: nobody to answer to
    return ALLOW


def _is_own(mail: IncomingMail, own_domains: Collection[str]) -> bool:
    if any(name.strip().lower() == ORIGIN_HEADER for name, _ in mail.headers):
        return True
    domain = address_domain(mail.message_id.strip("<> \t"))
    return bool(domain) and domain in {ascii_domain(own) for own in own_domains}


def _locals(mail: IncomingMail, envelope_from: str) -> list[str]:
    addresses = [envelope_from, *(a.address for a in mail.from_)]
    return [a.strip("<> \t").rpartition("@")[0].lower() or a.strip("<> \t").lower() for a in addresses]


def check_rate(recent: int, *, limit: int) -> Decision:
    """`recent`: mails already taken from this sender within the window. `limit`: how many may be; 0 means no
    limit.
    """
    if limit > 0 and recent >= limit:
        return hold(Reason.TOO_MANY, f"{recent} of {limit}")
    return ALLOW


def may_answer(mail: IncomingMail, envelope_from: str, *, last_answer_at: datetime | None, now: datetime) -> bool:
    """May we answer this mail by ourselves? (RFC 3834 §2, GW-5, GW-6)

    Never to machines, lists, the null path or addresses that nobody reads; at most once per thread in 24
    hours. `last_answer_at`: when this thread was last answered automatically. Both times are aware.
    """
    if last_answer_at is not None and now - last_answer_at < ANSWER_GAP:
        return False
    if mail.automatic is not Automatic.NO or not address_domain(envelope_from):
        return False
    if any(_DAEMON.match(local) or _NOBODY.match(local) for local in _locals(mail, envelope_from)):
        return False
    return not any(_forbids_answers(name.strip().lower(), value.lower()) for name, value in mail.headers)


def _forbids_answers(name: str, value: str) -> bool:
    match name:
        case "auto-submitted":
            return value.split(";")[0].split("(")[0].strip() not in ("", "no")
        case "precedence":
            return any(word in value for word in ("bulk", "junk", "list", "auto_reply"))
        case "x-auto-response-suppress":  # Exchange [MS-OXCMAIL]: who wrote this wants no automatic answer
            return any(word in re.split(r"[,;\s]+", value) for word in ("all", "autoreply", "oof"))
        case _:
            return name in _NO_ANSWER_HEADERS or name.startswith(("x-auto-response", "x-autoreply", "x-autorespond"))
