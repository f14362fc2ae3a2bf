"""In charge of: NHN Cloud as its documentation describes it — Alimtalk v2.3 and SMS v3.0 with one state.

Sources: TOAST-DOCS/Alimtalk `ko/alimtalk-api-guide.md`, `ko/error-code.md`, `ko/webhook-api-guide.md`; TOAST-DOCS/SMS
`ko/api-guide.md`, `ko/webhook.md`. Field rules, limits, idempotency key, and the mistakes of the documents included.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.threads.sms_text import SMS_BYTES
from simulators.server import Call, Reply, Simulator

APP_KEY, SECRET, SENDER_KEY, WEBHOOK_SECRET = "app-key", "secret-key", "k" * 40, "typed in the console"
SEND_NO, FREE_NUMBER = "0212345678", "0801234567"
SEOUL = ZoneInfo("Asia/Seoul")
TEMPLATE = ("NEWMSG", "[#{company}] 새 메시지 안내")
ENDED = {"ok": "1000"}


@dataclass
class Message:
    request: str
    seq: int
    number: str
    ours: str  # recipientGroupingKey
    text: str
    kind: str  # alimtalk | sms | mms
    code: str = ""  # "" while under way
    made: str = ""


@dataclass
class Nhn(Simulator):
    """Both services. `results` says which code a number ends with at once; `template` may be taken back."""

    clock: Any = None
    results: dict[str, str] = field(default_factory=dict)  # local number -> result code of the report
    refused: dict[str, str] = field(default_factory=dict)  # local number -> resultCode of its own line in the answer
    templates: set[str] = field(default_factory=lambda: {TEMPLATE[0]})
    unapproved: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    keys: dict[str, datetime] = field(default_factory=dict)
    reviews: dict[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)  # code -> status, comments
    refused_at: dict[str, datetime] = field(default_factory=dict)  # local number -> when it called the free number

    def __post_init__(self) -> None:
        Simulator.__init__(self)

    def answer(self, call: Call) -> Reply:
        if call.method == "POST" and not call.headers.get("content-type", "").startswith("application/json"):
            return _envelope(-9996, "content type")
        if f"/{APP_KEY}/" not in call.path:
            return _envelope(-1000, "app key")
        if call.headers.get("x-secret-key") != SECRET:
            return _envelope(-1001, "secret key")
        if "/senders/" in call.path:
            return self._get_template(call)
        if call.path.startswith("/alimtalk/v2.3/"):
            return self._post_alimtalk(call) if call.method == "POST" else self._get_alimtalk(call)
        if call.path == f"/sms/v3.0/appKeys/{APP_KEY}/blockservice/recipients":
            return self._get_refusals(call)
        if call.path.startswith("/sms/v3.0/"):
            return self._post_sms(call) if call.method == "POST" else self._get_sms(call)
        return _envelope(-9998, "no such API")

    # -- AlimTalk --------------------------------------------------------------------------------------------

    def _get_template(self, call: Call) -> Reply:
        found = re.fullmatch(rf"/alimtalk/v2\.3/appkeys/{APP_KEY}/senders/([^/]+)/templates/([^/]+)", call.path)
        if found is None:
            return _envelope(-9998, "no such API")
        if found[1] != SENDER_KEY:
            return _envelope(-2017, "no such profile")
        if found[2] not in self.reviews:
            return _envelope(-3003, "no such template")
        status, comments = self.reviews[found[2]]
        template = {"senderKey": SENDER_KEY, "templateCode": found[2], "status": status, "comments": comments}
        return 200, {"header": _ok(), "template": template}

    def _post_alimtalk(self, call: Call) -> Reply:
        body = call.body
        key = call.headers.get("x-nc-api-idempotency-key", "")
        if key in self.keys and (self.clock() - self.keys[key]).total_seconds() < 600:
            return _envelope(-1005, "the same idempotency key within ten minutes")
        if len(body["recipientList"]) > 1000:
            return _envelope(-2016, "too many recipients")
        if body.get("senderKey") != SENDER_KEY:
            return _envelope(-2017, "no such profile")
        if body.get("templateCode") not in self.templates:
            return _envelope(-3003, "no such template")
        if body["templateCode"] in self.unapproved:
            return _envelope(-3005, "the template is not approved")
        self.keys[key] = self.clock()
        request = f"req-{len(self.messages)}"
        results = [self._take_alimtalk(request, n, r) for n, r in enumerate(body["recipientList"], 1)]
        told = {"requestId": request, "senderGroupingKey": body.get("senderGroupingKey"), "sendResults": results}
        return 200, {"header": _ok(), "message": told}

    def _take_alimtalk(self, request: str, seq: int, recipient: Any) -> dict[str, Any]:
        number = recipient["recipientNo"]
        code = self.refused.get(number, "0")
        wrong = [k for k in recipient["templateParameter"] if "#" in k]
        if not re.fullmatch(r"01\d{8,9}", number):
            code = "-5000"
        if wrong or "company" not in recipient["templateParameter"]:
            code = "-3004"
        if code == "0":
            self._keep(request, seq, number, recipient["recipientGroupingKey"], "", "alimtalk")
        ours = recipient["recipientGroupingKey"]
        return {
            "recipientSeq": seq,
            "recipientNo": number,
            "resultCode": int(code),
            "resultMessage": "success" if code == "0" else "refused",
            "recipientGroupingKey": ours,
        }

    def _get_alimtalk(self, call: Call) -> Reply:
        mine = [m for m in self.messages if m.kind == "alimtalk"]
        single = re.search(r"/messages/([^/]+)/(\d+)$", call.path)
        if single:
            found = next((m for m in mine if (m.request, str(m.seq)) == (single[1], single[2])), None)
            return (200, {"header": _ok(), "message": _alimtalk(found)}) if found else _envelope(-4016, "no data")
        page = _page(call, mine)
        listed = {"messages": [_alimtalk(m) for m in page], "totalCount": len(mine)}
        return 200, {"header": _ok(), "messageSearchResultResponse": listed}

    # -- SMS -------------------------------------------------------------------------------------------------

    def _post_sms(self, call: Call) -> Reply:
        body, kind = call.body, call.path.rpartition("/")[2].removeprefix("ad-")
        advertising = "/ad-" in call.path
        text = body["body"]
        if any(ord(c) > 0xFFFF for c in text):
            return _envelope(-2023, "emoji")
        if body.get("sendNo") != SEND_NO:
            return _envelope(-2312, "the sender number is not registered")
        if advertising and not text.startswith("(광고)"):
            return _envelope(-6003, "advertising wording is missing")
        korean = [r["countryCode"] == "82" for r in body["recipientList"]]
        if kind == "mms" and not all(korean):
            return _envelope(-2024, "LMS cannot go abroad")
        if kind == "sms" and all(korean) and len(text.encode("cp949")) > SMS_BYTES:
            return _envelope(4, "the body is longer than 90 bytes")
        if kind == "mms" and (len(text.encode("cp949")) > 2000 or len(body["title"].encode("cp949")) > 40):
            return _envelope(4, "the body or title is too long")
        request = f"req-{len(self.messages)}"
        results = [self._take_sms(request, n, r, text, kind) for n, r in enumerate(body["recipientList"], 1)]
        data = {"requestId": request, "statusCode": "2", "sendResultList": results}
        return 200, {"header": _ok(), "body": {"data": data}}

    def _take_sms(self, request: str, seq: int, recipient: Any, text: str, kind: str) -> dict[str, Any]:
        number, ours = recipient["recipientNo"], recipient["recipientGroupingKey"]
        code = self.refused.get(number, "0")
        if code == "0":
            self._keep(request, seq, number, ours, text, kind)
        told = {"recipientNo": number, "resultCode": int(code), "resultMessage": "", "recipientSeq": seq}
        return {**told, "recipientGroupingKey": ours}

    def _get_sms(self, call: Call) -> Reply:
        kind = re.search(r"/sender/(sms|mms)", call.path)
        mine = [m for m in self.messages if kind and m.kind == kind[1]]
        single = re.search(r"/sender/(?:sms|mms)/([^/]+)$", call.path)
        if single:
            seq = call.query.get("recipientSeq")
            found = next((m for m in mine if (m.request, str(m.seq)) == (single[1], seq)), None)
            return 200, {"header": _ok(), "body": {"data": _sms(found) if found else None}}
        return 200, {"header": _ok(), "body": {"totalCount": len(mine), "data": [_sms(m) for m in _page(call, mine)]}}

    # -- the free number -------------------------------------------------------------------------------------

    def _get_refusals(self, call: Call) -> Reply:
        if call.query.get("unsubscribeNo") != FREE_NUMBER:
            return _envelope(4, "unsubscribeNo is wrong")
        told = [
            {"unsubscribeNo": FREE_NUMBER, "recipientNo": number, "requestDate": f"{_in_seoul(at)}.0"}
            for number, at in self.refused_at.items()
            if _in_seoul(at) >= call.query["startRequestDate"]
        ]
        size, page = int(call.query.get("pageSize", 15)), int(call.query.get("pageNum", 1))
        part = told[size * (page - 1) : size * page]
        listed = {"pageNum": page, "pageSize": size, "totalCount": len(told), "data": part}
        return 200, {"header": _ok(), "body": listed}

    def refuse(self, number: str) -> bytes:
        """Somebody calls the free number; the webhook call that says so."""
        at = self.refused_at[number] = self.clock()
        hook = {
            "hookId": "h-080",
            "recipientNo": number,
            "unsubscribeNo": FREE_NUMBER,
            "enterpriseName": "Moa Labs",
            "createdDateTime": at.astimezone(SEOUL).isoformat(timespec="milliseconds"),
        }
        event = {"hooksId": "hs-080", "webhookConfigId": "c", "productName": "SMS", "appKey": APP_KEY}
        return json.dumps({**event, "event": "UNSUBSCRIBE", "hooks": [hook]}).encode()

    # -- reports ---------------------------------------------------------------------------------------------

    def _keep(self, request: str, seq: int, number: str, ours: str, text: str, kind: str) -> None:
        made = _in_seoul(self.clock())
        self.messages.append(Message(request, seq, number, ours, text, kind, self.results.get(number, ""), made))

    def report(self, message: Message, code: str, *, hook_id: str = "h1", misspelled: bool = False) -> bytes:
        """The webhook call about one message; `misspelled` as in the documentation's own example."""
        name = "recipientGropuingKey" if misspelled else "recipientGroupingKey"
        hook = {
            "hookId": hook_id,
            "requestId": message.request,
            "recipientSeq": message.seq,
            "recipientNo": message.number,
            "resultCode": code,
            "senderGroupingKey": "gateway",
            name: message.ours,
            "_link" if misspelled else "_links": {"self": {"href": _link(message)}},
        }
        product = "KakaoTalk Bizmessage" if message.kind == "alimtalk" else "SMS"
        event = {"hooksId": f"hs-{hook_id}", "webhookConfigId": "c", "productName": product, "appKey": APP_KEY}
        return json.dumps({**event, "event": "MESSAGE_RESULT_UPDATE", "hooks": [hook]}).encode()


def _link(m: Message) -> str:
    if m.kind == "alimtalk":
        return f"https://nhn.example/alimtalk/v2.3/appkeys/{APP_KEY}/messages/{m.request}/{m.seq}"
    return f"https://nhn.example/sms/v2.4/appKeys/{APP_KEY}/sender/{m.kind}/{m.request}?recipientSeq={m.seq}"


def _in_seoul(at: datetime) -> str:
    return at.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M:%S")


def _page(call: Call, messages: list[Message]) -> list[Message]:
    """Those created within the window of the query, one page of them."""
    first, last = call.query["startCreateDate"], call.query["endCreateDate"]
    size, number = int(call.query["pageSize"]), int(call.query["pageNum"])
    found = [m for m in messages if first <= m.made <= last]
    return found[size * (number - 1) : size * number]


def _alimtalk(m: Message) -> dict[str, Any]:
    status = "" if not m.code else "COMPLETED" if m.code == "1000" else "FAILED"
    told = {"requestId": m.request, "recipientSeq": m.seq, "recipientNo": m.number, "messageStatus": status or None}
    return {**told, "resultCode": m.code or None, "recipientGroupingKey": m.ours, "createDate": m.made}


def _sms(m: Message) -> dict[str, Any]:
    status = "1" if not m.code else "3" if m.code == "1000" else "0"
    told = {"requestId": m.request, "recipientSeq": m.seq, "recipientNo": m.number, "msgStatus": status}
    return {**told, "resultCode": m.code or None, "recipientGroupingKey": m.ours}


def _ok() -> dict[str, Any]:
    return {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}


def _envelope(code: int, words: str) -> Reply:
    """NHN says no with HTTP 200."""
    return 200, {"header": {"isSuccessful": False, "resultCode": code, "resultMessage": words}}
