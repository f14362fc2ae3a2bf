"""In charge of: SMS and LMS over NHN Cloud SMS, API v3.0, in Korea and abroad.

Not in charge of: its webhook (`nhn`).

Source: TOAST-DOCS/SMS `ko/api-guide.md`, `ko/sending-policy.md`, `ko/error-code.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import quote

from gateway.outbound.guard import Guard
from gateway.outbound.http import Answer, Api, list_objects
from gateway.outbound.mail import nobody_asks
from gateway.outbound.providers.nhn import read_refusals, refusal, seoul_time, told
from gateway.outbound.providers.verdicts import judge_report, judge_send
from gateway.threads.channel import (
    Absent,
    CannotTell,
    Capabilities,
    Failed,
    Fault,
    Outgoing,
    Receipt,
    ReceiptStatus,
    Refusal,
    SendResult,
    Sent,
    Trace,
    Unknown,
)
from gateway.threads.results import NHN_SMS
from gateway.threads.routing import SMS
from gateway.threads.sms_text import TITLE_BYTES, Form, cut_bytes, korean_form, plain_for_korea

PAGE = 1000
AROUND = timedelta(minutes=10)  # clocks differ
DONE, FAILED_STATES = "3", ("0", "4", "5", "6", "7")  # msgStatus


class NhnSms:
    """The channel `sms` by NHN Cloud. The provider's id is kind:request:sequence, because SMS and LMS are asked for at
    different places.
    """

    name = SMS
    capabilities = Capabilities(stable_key=False, receipts=True, traceable=True)

    def __init__(self, api: Api, guard: Guard, *, app_key: str, secret: str, sender: str) -> None:
        """`sender`: the installation's registered number, for companies without their own."""
        self._api = api
        self._guard = guard
        self._sender = sender
        self._path = f"/sms/v3.0/appKeys/{quote(app_key, safe='')}/sender"
        self._headers = {"X-Secret-Key": secret, "Content-Type": "application/json;charset=UTF-8"}

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = nobody_asks) -> SendResult:
        """Send once, as an SMS if the text is short enough, else as an LMS."""
        body = self._body(outgoing)
        if isinstance(body, Failed):
            return body
        return self._guard.run(partial(self._send, outgoing, body, handing_over), size=1)[0]

    def trace(self, sent: Sent) -> Trace:
        """By NHN's own id when we have it, else by our grouping key among what was created around that time."""
        if not sent.provider_id:
            found = self._search("sms", sent)
            return self._search("mms", sent) if isinstance(found, Absent) else found
        kind, request, seq = (*sent.provider_id.split(":"), "", "")[:3]
        path = f"{self._path}/{kind}/{quote(request, safe='')}"
        answer = self._api.call("GET", path, headers=self._headers, params={"recipientSeq": seq})
        body = told(answer, NHN_SMS)
        return _read(_data(body), kind, sent) if isinstance(body, Mapping) else body

    def list_refusals(self, *, number: str, since: datetime) -> Sequence[Refusal] | CannotTell:
        """Page by page (`blockservice/recipients`)."""
        path, found = f"{self._path.removesuffix('/sender')}/blockservice/recipients", list[Refusal]()
        asked = {"unsubscribeNo": number, "startRequestDate": seoul_time(since), "pageSize": str(PAGE)}
        for page in count(1):
            params = {**asked, "pageNum": str(page)}
            body = told(self._api.call("GET", path, headers=self._headers, params=params), NHN_SMS)
            if not isinstance(body, Mapping):
                return body if isinstance(body, CannotTell) else found
            listed = list_objects(_data(body))
            found += read_refusals(listed, time="requestDate")
            if len(listed) < PAGE:
                return found
        raise AssertionError("pages end")

    def close(self) -> None:
        """Let go of kept connections."""
        self._api.close()

    def _body(self, outgoing: Outgoing) -> dict[str, Any] | Failed:
        """The request, or what would be refused anyway, said in plain words."""
        sender = outgoing.sender or self._sender
        if not sender:
            return Failed("nhn.sms.-2312", "No registered sender number is set (GATEWAY_SMS_SENDER).", Fault.CONFIG)
        phone = outgoing.phone
        if phone is None:
            return Failed("nhn.sms.-2018", "This is no mobile number.")
        recipient = {"recipientNo": phone.national, "countryCode": phone.country}
        body: dict[str, Any] = {
            "body": outgoing.text,
            "sendNo": sender,
            "senderGroupingKey": "gateway",
            "recipientList": [{**recipient, "recipientGroupingKey": outgoing.delivery_id}],
        }
        if not phone.is_korean:
            return body
        body["body"] = plain_for_korea(outgoing.text)
        form = korean_form(body["body"])
        if form is None:
            return Failed("nhn.sms.4", "The text is longer than the 2,000 bytes of an LMS.", Fault.CONFIG)
        if form is Form.LMS:
            body["title"] = cut_bytes(plain_for_korea(outgoing.subject), TITLE_BYTES) or "-"
        return body

    def _send(self, outgoing: Outgoing, body: dict[str, Any], handing_over: Callable[[], None]) -> list[SendResult]:
        kind = "mms" if "title" in body else "sms"
        path = f"{self._path}/{'ad-' if outgoing.advertising else ''}{kind}"
        answer = self._api.call("POST", path, headers=self._headers, body=body, handing_over=handing_over)
        refused = refusal(answer, NHN_SMS)
        if refused or not isinstance(answer, Answer):
            return [refused or Unknown("There was no answer.")]
        data = _data(answer.body)
        results = list_objects(data.get("sendResultList")) if isinstance(data, dict) else []
        ours = next((r for r in results if r.get("recipientGroupingKey") == outgoing.delivery_id), None)
        if ours is None or not isinstance(data, dict):
            return [Unknown("NHN's answer says nothing of this message.")]
        provider_id = f"{kind}:{data.get('requestId')}:{ours.get('recipientSeq')}"
        return [judge_send(NHN_SMS, ours.get("resultCode"), ours.get("resultMessage"), provider_id=provider_id)]

    def _search(self, kind: str, sent: Sent) -> Trace:
        times = {"startCreateDate": seoul_time(sent.since - AROUND), "endCreateDate": seoul_time(sent.since + AROUND)}
        for number in count(1):
            params = {**times, "pageNum": str(number), "pageSize": str(PAGE)}
            answer = self._api.call("GET", f"{self._path}/{kind}", headers=self._headers, params=params)
            body = told(answer, NHN_SMS)
            if not isinstance(body, Mapping):
                return body
            page = list_objects(_data(body))
            ours = next((m for m in page if m.get("recipientGroupingKey") == sent.delivery_id), None)
            if ours or len(page) < PAGE:
                return _read(ours, kind, sent)
        raise AssertionError("pages end")


def _data(body: Mapping[str, Any]) -> object:
    inner = body.get("body")
    return inner.get("data") if isinstance(inner, dict) else None


def _read(message: object, kind: str, sent: Sent) -> Trace:
    if not isinstance(message, dict):
        return Absent()
    provider_id = f"{kind}:{message.get('requestId')}:{message.get('recipientSeq')}"
    code, status = message.get("resultCode"), str(message.get("msgStatus"))
    if status != DONE and status not in FAILED_STATES:
        return Receipt(ReceiptStatus.PENDING, sent.delivery_id, provider_id)
    if status == DONE:
        code = "1000"
    words = message.get("resultCodeName")
    return judge_report(NHN_SMS, code, words, delivery_id=sent.delivery_id, provider_id=provider_id)
