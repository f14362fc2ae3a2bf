"""In charge of: the demo's pages under /dev — the built-in mailbox, the phone, and the sign-in links.

Not in charge of: storing mail.

None of these routes exists outside demo mode.
"""

from __future__ import annotations

import email
import email.policy
from datetime import datetime
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from gateway.errors import NotFound
from gateway.threads.results import why_failed
from gateway.web.auth import set_session
from gateway.web.site import Mailbox, Phone, PhoneMessage, StoredMail
from gateway.web.visits import Visit, go_to, show


def mail_list(visit: Visit) -> Response:
    """The mailbox, newest first, with the chosen mail beside it (`?id=`); `?to=` filters."""
    mailbox = _mailbox(visit)
    mails = mailbox.list_mails(visit.asked("to") or None)
    chosen = next((m for m in mails if m.id == visit.asked("id")), mails[-1] if mails else None)
    return show(
        visit,
        "dev_mail.html",
        mails=list(reversed(mails)),
        chosen=chosen,
        letter=read_letter(mailbox.read_raw(chosen.id)) if chosen else None,
        to=visit.asked("to"),
        picked=bool(visit.asked("id")),
    )


def mail_json(visit: Visit) -> Response:
    """The mailbox as JSON, oldest first; `?to=` keeps mails to that recipient, whatever the case of the letters."""
    base = visit.site.ctx.settings.public_url
    mails = _mailbox(visit).list_mails(visit.asked("to") or None)
    return JSONResponse([as_json(m, base) for m in mails])


def mail_raw(visit: Visit) -> Response:
    """One mail as it would have left, byte for byte."""
    return Response(_mailbox(visit).read_raw(visit.path("mail_id")), headers={"Content-Type": "message/rfc822"})


def phone_page(visit: Visit) -> Response:
    """The built-in phone: AlimTalk and SMS as the person sees them; `?to=` chooses the number."""
    messages = _phone(visit).list_messages()
    numbers = list(dict.fromkeys(m.to for m in reversed(messages)))
    chosen = visit.asked("to") or (numbers[0] if numbers else "")
    return show(
        visit,
        "dev_phone.html",
        numbers=numbers,
        chosen=chosen,
        messages=[_bubble(m) for m in messages if m.to == chosen],
    )


def phone_json(visit: Visit) -> Response:
    """What was sent to the built-in phone as JSON, oldest first; `?to=` keeps one number's."""
    messages = _phone(visit).list_messages(visit.asked("to") or None)
    names = ("id", "channel", "to", "text", "button", "link", "code", "at")
    return JSONResponse([{name: getattr(m, name) for name in names} for m in messages])


def _bubble(message: PhoneMessage) -> dict[str, object]:
    why = why_failed(message.code)
    return {
        "message": message,
        "at": datetime.fromisoformat(message.at),
        "why": f"fail.{why.value}" if why else "",
    }


def _phone(visit: Visit) -> Phone:
    if visit.site.phone is None:
        raise NotFound("no built-in phone")
    return visit.site.phone


def demo_login(visit: Visit) -> Response:
    """Signs in with a signed demo link and opens the desk."""
    redeem = visit.site.demo_login
    session = redeem(visit.path("token")) if redeem else None
    if session is None:
        raise NotFound("no such demo link")
    response = go_to("/desk")
    set_session(response, visit.site.ctx, session)
    return response


def as_json(mail: StoredMail, base: str) -> dict[str, str]:
    """One row of /dev/mail.json."""
    return {
        "id": mail.id,
        "from": mail.from_,
        "to": mail.to,
        "subject": mail.subject,
        "envelope_from": mail.envelope_from,
        "raw_url": f"{base}/dev/mail/{quote(mail.id, safe='')}/raw",
    }


def read_letter(raw: bytes) -> dict[str, object]:
    """Headers, plain text and file names of one of our own mails, for reading."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    shown = ("From", "To", "Subject", "Reply-To", "Date", "Message-ID", "In-Reply-To", "Auto-Submitted")
    return {
        "headers": [(name, str(message[name])) for name in shown if message[name]],
        "text": str(body.get_content()) if body is not None else "",
        "files": [part.get_filename() or "file" for part in message.iter_attachments()],
    }


def _mailbox(visit: Visit) -> Mailbox:
    if visit.site.mailbox is None:
        raise NotFound("no built-in mailbox")
    return visit.site.mailbox
