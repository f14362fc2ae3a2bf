"""In charge of: AlimTalk, SMS and LMS over Solapi, messages API v4 — signing, sending, asking, its webhook.

Not in charge of: falling back to SMS (`threads.routing`: Solapi's own fail-over stays off, so that every copy is one of
our deliveries).

Sources: developers.solapi.com, references for authentication and messages v4; the SDKs for Python and Node.js.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

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
    Outgoing,
    Receipt,
    ReceiptStatus,
    Refusal,
    Retry,
    Reviewed,
    SendResult,
    Sent,
    Trace,
    Unknown,
)
from gateway.threads.results import SOLAPI, TABLES
from gateway.threads.routing import ALIMTALK, SMS
from gateway.threads.sms_text import TITLE_BYTES, Form, cut_bytes, korean_form, plain_for_korea
from gateway.threads.templates import Review

AROUND = timedelta(minutes=10)  # clocks differ
LIST = "/messages/v4/list"
REVIEWS = {  # status of a template
    "PENDING": Review.REGISTERED,
    "INSPECTING": Review.IN_REVIEW,
    "APPROVED": Review.APPROVED,
    "REJECTED": Review.REJECTED,
}
BLACKS = 500  # the most that one page may have
OUR_FIELD = "delivery"  # in customFields


class SolapiApi:
    """Solapi's interface with signed calls; shared by both channels and the webhook."""

    def __init__(self, api: Api, *, key: str, secret: str, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._key = key
        self._secret = secret.encode()
        self._clock = clock

    def call(self, method: str, path: str, **rest: Any) -> Answer | Retry | Unknown:
        """One call. A signature is good for one call only, so each has its own salt."""
        date, salt = self._clock().isoformat(timespec="milliseconds"), secrets.token_hex(16)
        signature = hmac.new(self._secret, (date + salt).encode(), hashlib.sha256).hexdigest()
        told = f"HMAC-SHA256 apiKey={self._key}, date={date}, salt={salt}, signature={signature}"
        return self._api.call(method, path, headers={"Authorization": told}, **rest)

    def close(self) -> None:
        self._api.close()


class Solapi:
    """The channel `alimtalk` or `sms` by Solapi. Each message carries our delivery's id among its custom fields."""

    def __init__(self, api: SolapiApi, guard: Guard, *, channel: str, sender: str) -> None:
        """`sender`: the installation's registered number (sms) or profile, pfId (alimtalk)."""
        self.name = channel
        self.capabilities = Capabilities(stable_key=False, receipts=True, traceable=True, batch=10_000)
        self._api = api
        self._guard = guard
        self._sender = sender

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = nobody_asks) -> SendResult:
        """Send once."""
        return self.send_many([outgoing], handing_over=handing_over)[0]

    def send_many(
        self, batch: Sequence[Outgoing], *, handing_over: Callable[[], None] = nobody_asks
    ) -> list[SendResult]:
        """Send several in one call. One result for each, in their order."""
        built = {o.delivery_id: self._message(o) for o in batch}
        ready = [m for m in built.values() if not isinstance(m, Failed)]
        results: dict[str, SendResult] = {i: m for i, m in built.items() if isinstance(m, Failed)}
        if ready:
            answers = self._guard.run(partial(self._send, ready, handing_over), size=len(ready))
            results |= {m["customFields"][OUR_FIELD]: answer for m, answer in zip(ready, answers, strict=True)}
        return [results[o.delivery_id] for o in batch]

    def trace(self, sent: Sent) -> Trace:
        """By Solapi's own id when we have it, else by our custom field among what went to that number."""
        if sent.provider_id:
            params = {"messageId": sent.provider_id, "limit": "1"}
        else:
            params = {
                "to": sent.phone.national if sent.phone else sent.to.lstrip("+"),
                "dateType": "CREATED",
                "startDate": (sent.since - AROUND).isoformat(),
                "endDate": (sent.since + AROUND).isoformat(),
                "limit": "500",
            }
        answer = self._api.call("GET", LIST, params=params)
        body = _told(answer)
        if isinstance(body, CannotTell):
            return body
        for message in _listed(body.get("messageList")):
            if message.get("messageId") == sent.provider_id or _ours(message) == sent.delivery_id:
                return read_message(message)
        return Absent()

    def find_review(self, *, sender: str, code: str) -> Reviewed | Absent | CannotTell:
        """By Solapi's own templateId, whosever the profile."""
        answer = self._api.call("GET", f"/kakao/v2/templates/{quote(code, safe='')}")
        if isinstance(answer, Answer) and answer.status == 404:
            return Absent()
        body = _told(answer)
        if isinstance(body, CannotTell):
            return body
        review = REVIEWS.get(str(body.get("status")))
        if review is None:
            return CannotTell("Solapi's answer says nothing of the template's state.")
        comments = [c for c in list_objects(body.get("comments")) if c.get("isAdmin")]
        newest = max(comments, key=lambda c: str(c.get("dateCreated", "")), default={})
        return Reviewed(review, str(newest.get("content") or ""))

    def list_refusals(self, *, number: str, since: datetime) -> Sequence[Refusal] | CannotTell:
        """Page by page (`/iam/v1/black`, type DENIAL). An account has one free number, so `number` is not asked for."""
        found: list[Refusal] = []
        params = {"type": "DENIAL", "dateCreated[gte]": since.isoformat(), "limit": str(BLACKS)}
        while True:
            answer = self._api.call("GET", "/iam/v1/black", params=params)
            body = _told(answer)
            if isinstance(body, CannotTell):
                return body
            found += _refusals(body.get("blackList"))
            following = body.get("nextKey")
            if not following or following == params.get("startKey"):
                return found
            params["startKey"] = str(following)

    def close(self) -> None:
        """Let go of kept connections."""
        self._api.close()

    def _message(self, outgoing: Outgoing) -> dict[str, Any] | Failed:
        """One message of the request, or what would be refused anyway, said in plain words."""
        sender = outgoing.sender or self._sender
        if outgoing.phone is None:
            return Failed("solapi.1011", "This is no mobile number.")
        message: dict[str, Any] = {
            "to": outgoing.phone.national,
            "country": outgoing.phone.country,
            "customFields": {OUR_FIELD: outgoing.delivery_id},
        }
        if self.name == ALIMTALK:
            if not sender or not outgoing.template_code:
                words = "Set GATEWAY_ALIMTALK_SENDER (pfId) and GATEWAY_ALIMTALK_TEMPLATES."
                return Failed("solapi.1041" if not sender else "solapi.1042", words, Fault.CONFIG)
            variables = {f"#{{{name}}}": value for name, value in outgoing.template_values.items()}
            kakao = {
                "pfId": sender,
                "templateId": outgoing.template_code,
                "variables": variables,
                "disableSms": True,
            }
            return {**message, "type": "ATA", "kakaoOptions": kakao}
        if not sender:
            return Failed("solapi.1062", "No registered sender number is set (GATEWAY_SMS_SENDER).", Fault.CONFIG)
        return _text_message({**message, "from": sender}, outgoing)

    def _send(self, messages: list[dict[str, Any]], handing_over: Callable[[], None]) -> list[SendResult]:
        body = {"messages": messages, "allowDuplicates": False, "showMessageList": True}
        answer = self._api.call("POST", "/messages/v4/send-many/detail", body=body, handing_over=handing_over)
        whole = _refusal(answer)
        if whole or not isinstance(answer, Answer):
            return [whole or Unknown("There was no answer.")] * len(messages)
        said = [*_listed(answer.body.get("failedMessageList")), *_listed(answer.body.get("messageList"))]
        each = {_ours(m): m for m in reversed(said)}  # a failure counts before the same message in the other list
        return [_result(each.get(m["customFields"][OUR_FIELD])) for m in messages]


def _text_message(message: dict[str, Any], outgoing: Outgoing) -> dict[str, Any] | Failed:
    if message["country"] != "82":
        return {**message, "type": "SMS", "text": outgoing.text}
    text = plain_for_korea(outgoing.text)
    form = korean_form(text)
    if form is None:
        return Failed("solapi.1031", "The text is longer than the 2,000 bytes of an LMS.", Fault.CONFIG)
    title = {"subject": cut_bytes(plain_for_korea(outgoing.subject), TITLE_BYTES)} if form is Form.LMS else {}
    return {**message, "type": form.value, "text": text, **title}


def _refusal(answer: Answer | Retry | Unknown) -> SendResult | None:
    """Why a whole call came to nothing. Solapi says 403 for keys and clocks too, so its own code is read first."""
    if not isinstance(answer, Answer):
        return answer
    code = str(answer.body.get("errorCode", ""))
    if answer.status >= 400 and code in TABLES[SOLAPI]:
        return judge_send(SOLAPI, code, answer.body.get("errorMessage"))
    broken = troubled(answer)
    if broken:
        return broken
    if answer.status >= 400:
        return Failed(f"solapi.{code or answer.status}"[:32], str(answer.body.get("errorMessage", "")), Fault.CONFIG)
    return None


def _result(message: Mapping[str, Any] | None) -> SendResult:
    if message is None:
        return Unknown("Solapi's answer says nothing of this message.")
    provider_id = str(message.get("messageId", ""))
    judged = judge_send(SOLAPI, message.get("statusCode"), message.get("statusMessage"), provider_id=provider_id)
    return judged if not isinstance(judged, Accepted) else Accepted(provider_id)


def read_message(message: Mapping[str, Any]) -> Receipt:
    """The news that one of Solapi's messages is."""
    provider_id, code = str(message.get("messageId", "")), message.get("statusCode")
    if code is None:
        return Receipt(ReceiptStatus.PENDING, _ours(message), provider_id)
    words = message.get("statusMessage")
    return judge_report(SOLAPI, code, words, delivery_id=_ours(message), provider_id=provider_id)


def _ours(message: Mapping[str, Any]) -> str:
    fields = message.get("customFields")
    return str(fields.get(OUR_FIELD, "")) if isinstance(fields, dict) else ""


def _listed(value: object) -> list[Mapping[str, Any]]:
    """Messages of a list, or of an object by id: Solapi uses both."""
    return list_objects(list(value.values()) if isinstance(value, dict) else value)


def _told(answer: Answer | Retry | Unknown) -> Mapping[str, Any] | CannotTell:
    """What was answered to a question of ours, or why it says nothing."""
    failed = troubled(answer) if isinstance(answer, Answer) else answer
    if isinstance(answer, Answer) and not failed and answer.status < 400:
        return answer.body
    return CannotTell(failed.why if failed else "Solapi's answer does not say.")


def _refusals(listed: object) -> Iterator[Refusal]:
    for entry in _listed(listed):
        try:
            at = datetime.fromisoformat(str(entry.get("dateCreated")))
        except ValueError:
            continue
        yield Refusal(str(entry.get("recipientNumber", "")), at if at.tzinfo else at.replace(tzinfo=UTC))


class SolapiHook:
    """Reads Solapi's webhook calls. They are not signed: the address holds a secret, and what they say is taken as a
    hint only and read again at Solapi before anything is believed.
    """

    def __init__(self, channels: Sequence[Solapi], *, secret: str, clock: Callable[[], datetime]) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._secret = secret.encode()
        self._clock = clock

    def read(self, call: HookCall) -> HookNews | None:
        given = call.url.partition("?")[0].rpartition("/")[2].encode()
        if not self._secret or not hmac.compare_digest(given, self._secret):
            return None
        try:
            body = json.loads(call.body)
        except ValueError:
            return HookNews()
        receipts: dict[str, list[Receipt]] = {}
        for message in _reported(body):
            channel = self._channels.get(ALIMTALK if message.get("type") == "ATA" else SMS)
            found = channel.trace(self._sent(message)) if channel else None
            if channel and isinstance(found, Receipt):
                receipts.setdefault(channel.name, []).append(found)
        return HookNews(receipts)

    def close(self) -> None:
        """Let go of kept connections."""
        for channel in self._channels.values():
            channel.close()

    def _sent(self, message: Mapping[str, Any]) -> Sent:
        return Sent(_ours(message), "", self._clock(), provider_id=str(message.get("messageId", "")))


def _reported(body: object) -> Iterator[Mapping[str, Any]]:
    """The single reports of a call: under `data`, or flat as in Solapi's own example; group reports have no id."""
    for item in list_objects(body):
        inner = item.get("data")
        message = inner if isinstance(inner, dict) else item
        if message.get("messageId"):
            yield message
