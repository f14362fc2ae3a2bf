"""In charge of: what both of NHN Cloud's services share — the envelope of answers, times, and the webhook.

Not in charge of: AlimTalk (`nhn_alimtalk`) or SMS (`nhn_sms`).

Sources: TOAST-DOCS/Alimtalk `ko/alimtalk-api-guide.md` (v2.3), `ko/webhook-api-guide.md`; TOAST-DOCS/SMS
`ko/api-guide.md` (v3.0), `ko/webhook.md`.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.outbound.http import Answer, list_objects, troubled
from gateway.outbound.providers.verdicts import judge_report, judge_send
from gateway.threads.channel import (
    Absent,
    Accepted,
    CannotTell,
    Failed,
    HookCall,
    HookNews,
    Receipt,
    Refusal,
    Retry,
    SendResult,
    Unknown,
)
from gateway.threads.results import NHN_ALIMTALK, NHN_SMS
from gateway.threads.routing import ALIMTALK, SMS

SEOUL = ZoneInfo("Asia/Seoul")
PRODUCTS = {"KakaoTalk Bizmessage": (ALIMTALK, NHN_ALIMTALK), "SMS": (SMS, NHN_SMS)}
NO_DATA = ("-4016",)  # error-code.md: nothing found
SIGNATURE = "x-toast-webhook-signature"


def refusal(answer: Answer | Retry | Unknown, space: str) -> SendResult | None:
    """Why a whole call came to nothing; None when its single results are to be read.

    NHN answers HTTP 200 whatever happened: `header.isSuccessful` decides.
    """
    if not isinstance(answer, Answer):
        return answer
    broken = troubled(answer)
    if broken:
        return broken
    header = answer.body.get("header")
    if not isinstance(header, dict):
        return Unknown("NHN's answer has no header.")
    if header.get("isSuccessful") is True:
        return None
    judged = judge_send(space, header.get("resultCode"), header.get("resultMessage"))
    return Unknown("NHN's answer says yes and no.") if isinstance(judged, Accepted) else judged


def told(answer: Answer | Retry | Unknown, space: str) -> Mapping[str, Any] | Absent | CannotTell:
    """The body of an answered query; Absent when NHN says that there is no such message."""
    refused = refusal(answer, space)
    if refused is None and isinstance(answer, Answer):
        return answer.body
    if isinstance(refused, Failed) and refused.code.rpartition(".")[2] in NO_DATA:
        return Absent()
    return CannotTell(getattr(refused, "why", "There was no answer."))


def seoul_time(at: datetime) -> str:
    """A time as NHN's queries want it: of Seoul, `yyyy-MM-dd HH:mm:ss`."""
    return at.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M:%S")


class NhnHook:
    """Reads NHN's webhook calls. Their signature is a text typed in the console, not a MAC: who has it may report, so
    it is compared in constant time, and without one every call is refused.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def read(self, call: HookCall) -> HookNews | None:
        """News of AlimTalk and SMS deliveries, and of calls to the free number (event UNSUBSCRIBE)."""
        given = call.headers.get(SIGNATURE, "").encode()
        if not self._secret or not hmac.compare_digest(given, self._secret):
            return None
        try:
            body = json.loads(call.body)
        except ValueError:
            return HookNews()
        if not isinstance(body, dict):
            return HookNews()
        if body.get("event") == "UNSUBSCRIBE":
            return HookNews(refusals=list(read_refusals(body.get("hooks"), time="createdDateTime")))
        if body.get("event") != "MESSAGE_RESULT_UPDATE":
            return HookNews()
        channel, space = PRODUCTS.get(str(body.get("productName")), (SMS, NHN_SMS))
        return HookNews({channel: list(_receipts(body, space))})

    def close(self) -> None:
        """Nothing is kept open."""


def read_refusals(found: object, *, time: str) -> Iterator[Refusal]:
    """Who called the free number; the field `time` says when, with or without a zone (then Seoul's)."""
    for entry in list_objects(found):
        try:
            at = datetime.fromisoformat(str(entry.get(time)))
        except ValueError:
            continue
        yield Refusal(str(entry.get("recipientNo", "")), at if at.tzinfo else at.replace(tzinfo=SEOUL))


def _receipts(body: Mapping[str, Any], space: str) -> Iterator[Receipt]:
    for hook in list_objects(body.get("hooks")):
        # the documentation's own example misspells the key
        ours = hook.get("recipientGroupingKey") or hook.get("recipientGropuingKey") or ""
        code = hook.get("resultCode")
        if code is not None and ours:
            provider_id = _provider_id(hook, space)
            yield judge_report(space, code, hook.get("resultMessage"), delivery_id=str(ours), provider_id=provider_id)


def _provider_id(hook: Mapping[str, Any], space: str) -> str:
    """The id by which the channel knows this message, so that a report of an earlier copy is told from one of the
    newest. "" when it does not say whether it was an SMS or an LMS: only its link tells, `_link` in the documentation's
    example and `_links` in its table.
    """
    told = f"{hook.get('requestId')}:{hook.get('recipientSeq')}"
    if space == NHN_ALIMTALK:
        return told
    kind = re.search(r"/sender/(sms|mms)/", str(hook.get("_links") or hook.get("_link")))
    return f"{kind[1]}:{told}" if kind else ""
