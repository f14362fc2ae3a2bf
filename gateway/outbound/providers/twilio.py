"""In charge of: SMS over Twilio, API 2010-04-01 — sending, asking, signed webhooks, messages that people send us.

Not in charge of: what an incoming SMS does (`usecases.receive_sms`).

Sources: twilio.com/docs Messages resource, webhook requests and security; twilio-python `request_validator.py`.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from gateway.outbound.guard import Guard
from gateway.outbound.http import Answer, Api, list_objects, troubled
from gateway.outbound.mail import nobody_asks
from gateway.outbound.providers.verdicts import judge_report, judge_send
from gateway.threads.channel import (
    Absent,
    Accepted,
    CannotTell,
    Capabilities,
    Failed,
    Fault,
    HookCall,
    HookNews,
    IncomingSms,
    Outgoing,
    Receipt,
    ReceiptStatus,
    Retry,
    SendResult,
    Sent,
    Trace,
    Unknown,
)
from gateway.threads.results import TABLES, TWILIO
from gateway.threads.routing import SMS
from gateway.threads.sms_text import count_segments

MOST_CHARS = 1600
AROUND = timedelta(minutes=2)  # clocks differ
DELIVERED, GIVEN_UP = ("delivered", "read"), ("failed", "undelivered", "canceled")


class Twilio:
    """The channel `sms` by Twilio. It has no idempotency key: a lost answer is looked up by number, text and time."""

    name = SMS
    capabilities = Capabilities(stable_key=False, receipts=True, traceable=True)

    def __init__(self, api: Api, guard: Guard, *, account: str, sender: str, hook_url: str) -> None:
        """`sender`: a number of ours or a messaging service (MG…); `hook_url`: where Twilio reports."""
        self._api = api
        self._guard = guard
        self._sender = sender
        self._hook_url = hook_url
        self._path = f"/2010-04-01/Accounts/{quote(account, safe='')}/Messages"

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = nobody_asks) -> SendResult:
        """Send once."""
        sender = self._sender
        if not sender:
            return Failed("twilio.21606", "No sender is set (GATEWAY_TWILIO_FROM).", Fault.CONFIG)
        if len(outgoing.text) > MOST_CHARS:
            return Failed("twilio.21617", f"An SMS by Twilio holds {MOST_CHARS} characters.", Fault.CONFIG)
        form = {
            "To": outgoing.to,
            "MessagingServiceSid" if sender.startswith("MG") else "From": sender,
            "Body": outgoing.text,
            "StatusCallback": f"{self._hook_url}/status/{outgoing.delivery_id}",
        }
        return self._guard.run(partial(self._send, form, handing_over), size=1)[0]

    def trace(self, sent: Sent) -> Trace:
        """By Twilio's own id when we have it, else by number and text among what was sent since."""
        if sent.provider_id:
            answer = self._api.call("GET", f"{self._path}/{quote(sent.provider_id, safe='')}.json")
            found = [answer.body] if isinstance(answer, Answer) and answer.status == 200 else []
        else:
            params = {"To": sent.to, "DateSent>": f"{sent.since - AROUND:%Y-%m-%d}", "PageSize": "1000"}
            answer = self._api.call("GET", f"{self._path}.json", params=params)
            listed = list_objects(answer.body.get("messages")) if isinstance(answer, Answer) else []
            found = [m for m in listed if m.get("body") == sent.text and _made(m) >= sent.since - AROUND]
        if not isinstance(answer, Answer) or (answer.status != 404 and (troubled(answer) or answer.status >= 400)):
            return CannotTell(getattr(answer, "why", "Twilio's answer does not say."))
        if not found:
            return Absent()
        return _receipt(found[0], "sid", "status", "error_code", delivery_id=sent.delivery_id)

    def close(self) -> None:
        """Let go of kept connections."""
        self._api.close()

    def _send(self, form: dict[str, str], handing_over: Callable[[], None]) -> list[SendResult]:
        answer = self._api.call("POST", f"{self._path}.json", form=form, handing_over=handing_over)
        if not isinstance(answer, Answer):
            return [answer]
        code = str(answer.body.get("code", ""))
        if answer.status >= 400 and code in TABLES[TWILIO]:
            judged = judge_send(TWILIO, code, answer.body.get("message"))
            after = answer.retry_after
            return [Retry(judged.code, judged.why, after) if isinstance(judged, Retry) else judged]
        broken = troubled(answer)
        if broken:
            return [broken]
        if answer.status >= 400:
            words = str(answer.body.get("message", f"Twilio refused it with HTTP {answer.status}."))
            return [Failed(f"twilio.{code or answer.status}"[:32], words)]
        sid = str(answer.body.get("sid", ""))
        if not sid:
            return [Unknown("Twilio's answer names no message.")]
        return [Accepted(sid, _cost(answer.body, form["Body"]))]


def _cost(body: Mapping[str, Any], text: str) -> str:
    segments = body.get("num_segments") or count_segments(text).count
    price = f", {body['price']} {body.get('price_unit', '')}".rstrip() if body.get("price") else ""
    return f"{segments} segment(s){price}"


def _made(message: Mapping[str, Any]) -> datetime:
    """When Twilio made it; long ago when it does not say."""
    try:
        return parsedate_to_datetime(str(message.get("date_created")))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _receipt(told: Mapping[str, Any], sid: str, status: str, error: str, *, delivery_id: str = "") -> Receipt:
    """The news in one of Twilio's messages or callbacks. Its statuses come in any order; only final ones count."""
    provider_id, said, code = str(told.get(sid, "")), told.get(status), told.get(error)
    if said in DELIVERED:
        return Receipt(ReceiptStatus.DELIVERED, delivery_id, provider_id)
    if said not in GIVEN_UP:
        return Receipt(ReceiptStatus.PENDING, delivery_id, provider_id)
    words = told.get("error_message") or f"Twilio says {said}."
    news = judge_report(TWILIO, code or said, words, delivery_id=delivery_id, provider_id=provider_id)
    return Receipt(ReceiptStatus.FAILED, delivery_id, provider_id, news.code, news.why)


class TwilioHook:
    """Reads Twilio's calls: reports to …/status/<delivery id>, incoming messages to …/sms. Signed with the auth token
    over the address as Twilio knows it, so that address comes from our settings and never from the Host header.
    """

    def __init__(self, *, token: str, shared_key: str = "") -> None:
        """`shared_key` signs where Twilio's account is set to HMAC-SHA256."""
        self._keys = {"sha1": token.encode(), "sha256": shared_key.encode()}

    def read(self, call: HookCall) -> HookNews | None:
        fields = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
        if not self._is_genuine(call):
            return None
        path = urlsplit(call.url).path
        if path.endswith("/sms"):
            return HookNews(messages=_incoming(fields))
        delivery_id = path.rpartition("/")[2]
        return HookNews({SMS: [_receipt(fields, "MessageSid", "MessageStatus", "ErrorCode", delivery_id=delivery_id)]})

    def close(self) -> None:
        """Nothing is kept open."""

    def _is_genuine(self, call: HookCall) -> bool:
        """HMAC-SHA1, or SHA-256 where the settings header says so; others, and a key that is not set, are refused."""
        settings = call.headers.get("x-twilio-webhooks-signature-settings", "")
        named = dict(part.strip().partition("=")[::2] for part in settings.split(",") if part.strip())
        digest = {"": "sha1", "HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}.get(named.get("algorithm", ""))
        key = self._keys[digest] if digest else b""
        if not digest or not key:
            return False
        pairs = sorted(set(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)))
        tail = "".join(name + value for name, value in pairs)
        given = call.headers.get("x-twilio-signature", "").encode()
        return any(
            hmac.compare_digest(given, base64.b64encode(hmac.digest(key, (url + tail).encode(), digest)))
            for url in _spellings(call.url)
        )


def _spellings(url: str) -> tuple[str, str]:
    """The address with and without its port: Twilio signs either."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))


def _incoming(fields: Mapping[str, str]) -> list[IncomingSms]:
    sid, sender, to = fields.get("MessageSid", ""), fields.get("From", ""), fields.get("To", "")
    if not (sid and sender and to):
        return []
    media = fields.get("NumMedia", "")
    return [IncomingSms(sid, sender, to, fields.get("Body", ""), int(media) if media.isdecimal() else 0)]
