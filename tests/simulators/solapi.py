"""In charge of: Solapi v4 as its documentation and SDKs describe it — signatures, send-many, list, reports."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulators.server import Call, Reply, Simulator

KEY, SECRET, PF_ID, TEMPLATE, SENDER, WEBHOOK_SECRET = (
    "key",
    "shh",
    "KA01PF1",
    "KA01TP1",
    "0212345678",
    "in-the-address",
)


@dataclass
class SolapiServer(Simulator):
    clock: Any = None
    results: dict[str, str] = field(default_factory=dict)  # number -> status code in the end
    refused: dict[str, str] = field(default_factory=dict)  # number -> status code at registration
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    signatures: set[str] = field(default_factory=set)
    reviews: dict[str, str] = field(default_factory=dict)  # templateId -> status
    comments: list[dict[str, Any]] = field(default_factory=list)
    refused_at: dict[str, datetime] = field(default_factory=dict)  # number -> when it called the free number

    def __post_init__(self) -> None:
        Simulator.__init__(self)

    def answer(self, call: Call) -> Reply:
        refusal = self._check(call.headers.get("authorization", ""))
        if refusal:
            return 403, {"errorCode": refusal, "errorMessage": refusal}
        if call.method == "POST":
            return self._send(call)
        if call.path.startswith("/kakao/v2/templates/"):
            code = call.path.rpartition("/")[2]
            told = {"templateId": code, "status": self.reviews.get(code), "comments": self.comments}
            missing = {"errorCode": "ResourceNotFound", "errorMessage": "no such template"}
            return (200, told) if code in self.reviews else (404, missing)
        if call.path == "/iam/v1/black":
            return self._list_refusals(call)
        return 200, {"messageList": {i: m for i, m in self.messages.items() if _matches(m, call)}}

    def _check(self, header: str) -> str:
        scheme, _, rest = header.partition(" ")
        told = {k.strip().lower(): v for k, _, v in (part.partition("=") for part in rest.split(","))}
        if scheme != "HMAC-SHA256" or told.get("apikey") != KEY:
            return "InvalidAPIKey"
        if not 12 <= len(told["salt"]) <= 64:
            return "SignatureDoesNotMatch"
        expected = hmac.new(SECRET.encode(), (told["date"] + told["salt"]).encode(), hashlib.sha256).hexdigest()
        if told["signature"] != expected:
            return "SignatureDoesNotMatch"
        if abs((datetime.fromisoformat(told["date"]) - self.clock()).total_seconds()) > 900:
            return "RequestTimeTooSkewed"
        if expected in self.signatures:
            return "DuplicatedSignature"
        self.signatures.add(expected)
        return ""

    def _send(self, call: Call) -> Reply:
        if len(call.body["messages"]) > 10_000:
            return 400, {"errorCode": "ValidationError", "errorMessage": "too many"}
        good, bad = [], []
        for message in call.body["messages"]:
            code = self.refused.get(message["to"]) or _fault(message)
            told = {**message, "messageId": f"M4V{len(self.messages):029d}", "statusCode": code or "2000"}
            told["statusMessage"] = "refused" if code else "accepted"
            if code:
                bad.append(told)
                continue
            self.messages[told["messageId"]] = {**told, "statusCode": self.results.get(message["to"], "3000")}
            good.append(told)
        group = {"groupId": "G4V1", "count": {"total": len(good) + len(bad), "registeredFailed": len(bad)}}
        return 200, {"failedMessageList": bad, "groupInfo": group, "messageList": good}

    def _list_refusals(self, call: Call) -> Reply:
        """As the SDKs describe it: a page of `limit`, the next from `nextKey` on; an object by key."""
        if call.query.get("type") != "DENIAL" or not 1 <= int(call.query["limit"]) <= 500:
            return 400, {"errorCode": "ValidationError", "errorMessage": "type or limit"}
        since = datetime.fromisoformat(call.query["dateCreated[gte]"])
        numbers = sorted(n for n, at in self.refused_at.items() if at >= since)
        begin, size = int(call.query.get("startKey", "0")), int(call.query["limit"])
        told = {
            f"k{n}": {
                "handleKey": f"k{n}",
                "type": "DENIAL",
                "senderNumber": SENDER,
                "recipientNumber": n,
                "dateCreated": self.refused_at[n].isoformat().replace("+00:00", "Z"),
                "dateUpdated": self.refused_at[n].isoformat().replace("+00:00", "Z"),
            }
            for n in numbers[begin : begin + size]
        }
        more = str(begin + size) if begin + size < len(numbers) else None
        return 200, {"startKey": call.query.get("startKey"), "limit": size, "nextKey": more, "blackList": told}

    def report(self, message_id: str, *, flat: bool = False, kind: str | None = None) -> bytes:
        """A single-report call; `flat` as in Solapi's own example."""
        message = self.messages[message_id]
        data = {k: message.get(k) for k in ("messageId", "to", "from", "type", "statusCode", "customFields")}
        data["type"] = kind or data["type"]
        return json.dumps([data if flat else {"eventDataId": "e1", "data": data, "retryCount": 0}]).encode()


def _fault(message: dict[str, Any]) -> str:
    if any(len(k) > 30 or len(v) > 100 for k, v in message["customFields"].items()):
        return "1011"
    if message["type"] == "ATA":
        kakao = message["kakaoOptions"]
        if kakao["pfId"] != PF_ID:
            return "1041"
        if kakao["templateId"] != TEMPLATE:
            return "1042"
        return "" if all(k.startswith("#{") and k.endswith("}") for k in kakao["variables"]) else "1043"
    if message["from"] != SENDER:
        return "1062"
    try:
        length = len(message["text"].encode("cp949"))
    except UnicodeEncodeError:
        return "1029" if message["country"] == "82" else ""
    most = 90 if message["type"] == "SMS" else 2000
    return "1031" if length > most and message["country"] == "82" else ""


def _matches(message: dict[str, Any], call: Call) -> bool:
    if "messageId" in call.query:
        return bool(message["messageId"] == call.query["messageId"])
    return bool(message["to"] == call.query["to"])
