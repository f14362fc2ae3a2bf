"""In charge of: AlimTalk over NHN Cloud KakaoTalk Bizmessage, API v2.3.

Not in charge of: its webhook (`nhn`), falling back to SMS (`threads.routing`: NHN's own fail-over stays off, so that
every copy is one of our deliveries).

Source: TOAST-DOCS/Alimtalk `ko/alimtalk-api-guide.md`, `ko/error-code.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import quote

from gateway.outbound.guard import Guard
from gateway.outbound.http import Answer, Api, list_objects
from gateway.outbound.mail import nobody_asks
from gateway.outbound.providers.nhn import refusal, seoul_time, told
from gateway.outbound.providers.verdicts import judge_report, judge_send
from gateway.threads.channel import (
    Absent,
    Accepted,
    CannotTell,
    Capabilities,
    Failed,
    Fault,
    Outgoing,
    Receipt,
    ReceiptStatus,
    Reviewed,
    SendResult,
    Sent,
    Trace,
    Unknown,
)
from gateway.threads.results import NHN_ALIMTALK
from gateway.threads.routing import ALIMTALK
from gateway.threads.sms_text import ALIMTALK_CHARS
from gateway.threads.templates import Review

MOST = 1000  # recipients of one call
PAGE = 1000
REVIEWS = {  # template status
    "TSC01": Review.REGISTERED,
    "TSC02": Review.IN_REVIEW,
    "TSC03": Review.APPROVED,
    "TSC04": Review.REJECTED,
}
AROUND = timedelta(minutes=10)  # clocks differ


class NhnAlimtalk:
    """The channel `alimtalk` by NHN Cloud. Each recipient carries our delivery's id as its grouping key: by that a
    message whose answer was lost is found again.
    """

    name = ALIMTALK
    capabilities = Capabilities(stable_key=False, receipts=True, traceable=True, batch=MOST)

    def __init__(self, api: Api, guard: Guard, *, app_key: str, secret: str) -> None:
        self._api = api
        self._guard = guard
        self._root = f"/alimtalk/v2.3/appkeys/{quote(app_key, safe='')}"
        self._path = f"{self._root}/messages"
        self._headers = {"X-Secret-Key": secret, "Content-Type": "application/json;charset=UTF-8"}

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = nobody_asks) -> SendResult:
        """Send once."""
        return self.send_many([outgoing], handing_over=handing_over)[0]

    def send_many(
        self, batch: Sequence[Outgoing], *, handing_over: Callable[[], None] = nobody_asks
    ) -> list[SendResult]:
        """Send several: those of one sender and template in one call. One result for each, in their order."""
        results: dict[str, SendResult] = {o.delivery_id: no for o in batch if (no := _unsendable(o))}
        groups: dict[tuple[str, str], list[Outgoing]] = {}
        for outgoing in batch:
            if outgoing.delivery_id not in results:
                groups.setdefault((outgoing.sender, outgoing.template_code), []).append(outgoing)
        for group in groups.values():
            for part in _parts(group):
                answers = self._guard.run(partial(self._send, part, handing_over), size=len(part))
                results |= {o.delivery_id: answer for o, answer in zip(part, answers, strict=True)}
        return [results[o.delivery_id] for o in batch]

    def trace(self, sent: Sent) -> Trace:
        """By NHN's own id when we have it, else by our grouping key among what was created around that time."""
        if not sent.provider_id:
            return self._search(sent)
        request, _, seq = sent.provider_id.partition(":")
        answer = self._api.call("GET", f"{self._path}/{quote(request, safe='')}/{seq}", headers=self._headers)
        body = told(answer, NHN_ALIMTALK)
        return _read(body.get("message"), sent) if isinstance(body, Mapping) else body

    def _search(self, sent: Sent) -> Trace:
        times = {"startCreateDate": seoul_time(sent.since - AROUND), "endCreateDate": seoul_time(sent.since + AROUND)}
        for number in count(1):
            params = {**times, "pageNum": str(number), "pageSize": str(PAGE)}
            answer = self._api.call("GET", self._path, headers=self._headers, params=params)
            body = told(answer, NHN_ALIMTALK)
            if not isinstance(body, Mapping):
                return body
            found = body.get("messageSearchResultResponse")
            page = list_objects(found.get("messages")) if isinstance(found, dict) else []
            ours = next((m for m in page if m.get("recipientGroupingKey") == sent.delivery_id), None)
            if ours or len(page) < PAGE:
                return _read(ours, sent)
        raise AssertionError("pages end")

    def find_review(self, *, sender: str, code: str) -> Reviewed | Absent | CannotTell:
        """By the sender profile and our code."""
        path = f"{self._root}/senders/{quote(sender, safe='')}/templates/{quote(code, safe='')}"
        body = told(self._api.call("GET", path, headers=self._headers), NHN_ALIMTALK)
        if not isinstance(body, Mapping):
            return body
        template = body.get("template")
        review = REVIEWS.get(str(template.get("status"))) if isinstance(template, dict) else None
        if review is None or not isinstance(template, dict):
            return CannotTell("NHN's answer says nothing of the template's state.")
        return Reviewed(review, _reviewers_words(template))

    def close(self) -> None:
        """Let go of kept connections."""
        self._api.close()

    def _send(self, part: Sequence[Outgoing], handing_over: Callable[[], None]) -> list[SendResult]:
        body = {
            "senderKey": part[0].sender,
            "templateCode": part[0].template_code,
            "senderGroupingKey": "gateway",
            "recipientList": [_recipient(o) for o in part],
        }
        headers = {**self._headers, "X-NC-API-IDEMPOTENCY-KEY": part[0].delivery_id}
        answer = self._api.call("POST", self._path, headers=headers, body=body, handing_over=handing_over)
        refused = refusal(answer, NHN_ALIMTALK)
        if refused or not isinstance(answer, Answer):
            return [refused or Unknown("There was no answer.")] * len(part)
        return _results(answer.body, part)


def _reviewers_words(template: Mapping[str, Any]) -> str:
    """The newest comment that decided, APR or REJ; our own questions are comments too."""
    comments = [c for c in list_objects(template.get("comments")) if c.get("status") in ("APR", "REJ")]
    newest = max(comments, key=lambda c: str(c.get("createdAt", "")), default={})
    return str(newest.get("content") or "")


def _unsendable(outgoing: Outgoing) -> Failed | None:
    """What would be refused anyway, said in plain words beforehand."""
    if not outgoing.sender:
        return Failed("nhn.alimtalk.-2017", "No Kakao sender profile is set (GATEWAY_ALIMTALK_SENDER).", Fault.CONFIG)
    if not outgoing.template_code:
        return Failed("nhn.alimtalk.-3003", "No approved template (GATEWAY_ALIMTALK_TEMPLATES).", Fault.CONFIG)
    if len(outgoing.text) > ALIMTALK_CHARS:
        return Failed("nhn.alimtalk.3014", f"An AlimTalk holds {ALIMTALK_CHARS} characters.", Fault.CONFIG)
    if outgoing.phone is None or not outgoing.phone.is_korean:
        return Failed("nhn.alimtalk.1020", "AlimTalk goes to Korean mobile numbers only.")
    return None


def _parts(group: Sequence[Outgoing]) -> list[Sequence[Outgoing]]:
    return [group[i : i + MOST] for i in range(0, len(group), MOST)]


def _recipient(outgoing: Outgoing) -> dict[str, Any]:
    assert outgoing.phone is not None  # _unsendable looked
    return {
        "recipientNo": outgoing.phone.national,
        "templateParameter": dict(outgoing.template_values),
        "recipientGroupingKey": outgoing.delivery_id,
    }


def _results(body: Mapping[str, Any], part: Sequence[Outgoing]) -> list[SendResult]:
    """Each recipient's own result: one bad number does not fail the others."""
    message = body.get("message")
    message = message if isinstance(message, dict) else {}
    request = str(message.get("requestId", ""))
    each = {str(r.get("recipientGroupingKey")): r for r in list_objects(message.get("sendResults"))}
    results: list[SendResult] = []
    for outgoing in part:
        result = each.get(outgoing.delivery_id)
        if result is None:
            results.append(Unknown("NHN's answer says nothing of this message."))
            continue
        provider_id = f"{request}:{result.get('recipientSeq')}"
        judged = judge_send(
            NHN_ALIMTALK, result.get("resultCode"), result.get("resultMessage"), provider_id=provider_id
        )
        results.append(judged if not isinstance(judged, Accepted) else Accepted(provider_id))
    return results


def _read(message: object, sent: Sent) -> Trace:
    if not isinstance(message, dict):
        return Absent()
    provider_id = f"{message.get('requestId')}:{message.get('recipientSeq')}"
    code, status = message.get("resultCode"), message.get("messageStatus")
    if status not in ("COMPLETED", "FAILED") or code is None:
        return Receipt(ReceiptStatus.PENDING, sent.delivery_id, provider_id)
    words = message.get("resultCodeName")
    return judge_report(NHN_ALIMTALK, code, words, delivery_id=sent.delivery_id, provider_id=provider_id)
