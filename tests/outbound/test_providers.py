"""What each provider's protocol demands and forbids, against its simulator: fields, signatures, batches, partial
failure, limits, troubles. Not about what all channels share (`test_channel_contract`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from provider_kit import (
    ABROAD,
    ALIMTALK,
    ATA,
    CLOCK,
    SMS,
    api,
    guard,
    make_alimtalk,
    make_nhn_sms,
    make_solapi,
    make_twilio,
    nowhere,
)
from simulators import nhn, solapi, twilio
from simulators.server import say

from gateway.outbound.providers.nhn_alimtalk import NhnAlimtalk
from gateway.outbound.providers.solapi import Solapi, SolapiApi
from gateway.outbound.providers.twilio import Twilio
from gateway.threads.channel import (
    Absent,
    Accepted,
    CannotTell,
    Failed,
    Fault,
    Phone,
    Receipt,
    ReceiptStatus,
    Refusal,
    Retry,
    Reviewed,
    Sent,
    Unknown,
)
from gateway.threads.results import NHN_ALIMTALK, NHN_SMS, SOLAPI, TABLES, TWILIO, Kind
from gateway.threads.templates import Review


@pytest.fixture
def nhn_server() -> Iterator[nhn.Nhn]:
    server = nhn.Nhn(clock=lambda: CLOCK)
    yield server
    server.close()


@pytest.fixture
def solapi_server() -> Iterator[solapi.SolapiServer]:
    server = solapi.SolapiServer(clock=lambda: CLOCK)
    yield server
    server.close()


@pytest.fixture
def twilio_server() -> Iterator[twilio.TwilioServer]:
    server = twilio.TwilioServer(clock=lambda: CLOCK)
    yield server
    server.close()


def kind_of(result: Any) -> str:
    """How a result reads in the classes of the tables."""
    if isinstance(result, Failed):
        return "config" if result.fault is Fault.CONFIG else "permanent"
    return {Accepted: "ok", Retry: "retry", Unknown: "unconfirmed"}[type(result)]


# ---- NHN Cloud AlimTalk ------------------------------------------------------------------------------------------


def test_alimtalk_sends_the_documented_body(nhn_server: nhn.Nhn) -> None:
    make_alimtalk(nhn_server.url).send(ALIMTALK)
    [call] = nhn_server.posts()
    assert call.path == f"/alimtalk/v2.3/appkeys/{nhn.APP_KEY}/messages"
    assert call.headers["x-secret-key"] == nhn.SECRET
    assert call.headers["content-type"] == "application/json;charset=UTF-8"
    assert call.headers["x-nc-api-idempotency-key"] == "01d"
    assert call.body == {
        "senderKey": nhn.SENDER_KEY,
        "templateCode": "NEWMSG",
        "senderGroupingKey": "gateway",
        "recipientList": [
            {
                "recipientNo": "01012345678",
                "templateParameter": {"company": "Moa", "token": "x"},
                "recipientGroupingKey": "01d",
            }
        ],
    }


def test_alimtalk_of_one_template_share_a_call_and_fail_one_by_one(nhn_server: nhn.Nhn) -> None:
    nhn_server.refused["01000000002"] = "-5000"
    batch = [
        replace(ALIMTALK, delivery_id=f"d{n}", phone=Phone("82", f"0100000000{n}"), template_code=code)
        for n, code in enumerate(["NEWMSG", "NEWMSG", "NEWMSG", "OTHER"])
    ]
    batch.append(replace(ALIMTALK, delivery_id="d5", text="가" * 1001))
    results = make_alimtalk(nhn_server.url).send_many(batch)
    assert [kind_of(r) for r in results] == ["ok", "ok", "permanent", "config", "config"]
    assert len(nhn_server.posts()) == 2
    assert [r.provider_id for r in results if isinstance(r, Accepted)] == ["req-0:1", "req-0:2"]


def test_more_than_a_thousand_go_in_several_calls(nhn_server: nhn.Nhn) -> None:
    batch = [replace(ALIMTALK, delivery_id=f"d{n}") for n in range(1001)]
    results = make_alimtalk(nhn_server.url).send_many(batch)
    assert all(isinstance(r, Accepted) for r in results)
    assert [len(c.body["recipientList"]) for c in nhn_server.posts()] == [1000, 1]


def test_a_repeated_key_means_that_an_earlier_attempt_was_taken(nhn_server: nhn.Nhn) -> None:
    """NHN refuses the same idempotency key for ten minutes instead of answering it again: never send, look it up."""
    channel = make_alimtalk(nhn_server.url)
    assert isinstance(channel.send(ALIMTALK), Accepted)
    assert isinstance(channel.send(ALIMTALK), Unknown)
    assert len(nhn_server.messages) == 1
    assert isinstance(channel.trace(Sent("01d", ALIMTALK.to, CLOCK, phone=ALIMTALK.phone)), Receipt)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender": "x" * 40}, "nhn.alimtalk.-2017"),
        ({"sender": ""}, "nhn.alimtalk.-2017"),
        ({"template_code": "GONE"}, "nhn.alimtalk.-3003"),
        ({"template_code": ""}, "nhn.alimtalk.-3003"),
        ({"template_values": {"#{company}": "Moa"}}, "nhn.alimtalk.-3004"),
        ({"phone": Phone("46", "701234567")}, "nhn.alimtalk.1020"),
    ],
)
def test_wrong_alimtalk_is_refused_with_its_code(nhn_server: nhn.Nhn, changes: dict[str, Any], code: str) -> None:
    result = make_alimtalk(nhn_server.url).send(replace(ALIMTALK, **changes))
    assert isinstance(result, Failed)
    assert result.code == code


def test_wrong_keys_are_the_operators_to_mend_and_nothing_is_lost(nhn_server: nhn.Nhn) -> None:
    channel = NhnAlimtalk(api(nhn_server.url), guard(), app_key=nhn.APP_KEY, secret="wrong")
    result = channel.send(ALIMTALK)
    assert isinstance(result, Retry)
    assert result.code == "nhn.alimtalk.-1001"


def refuse_all(code: str) -> Any:
    """NHN says no with HTTP 200."""
    return say(200, {"header": {"isSuccessful": False, "resultCode": code, "resultMessage": "no"}})


def test_every_documented_alimtalk_code_is_told_in_the_answer_and_later(nhn_server: nhn.Nhn) -> None:
    channel = make_alimtalk(nhn_server.url)
    for n, (code, (kind, _)) in enumerate(TABLES[NHN_ALIMTALK].items()):
        nhn_server.plan.append(refuse_all(code))
        refused = channel.send(ALIMTALK)
        assert kind_of(refused) == ("unconfirmed" if kind in (Kind.OK, Kind.PENDING) else kind.value), code
        taken = channel.send(replace(ALIMTALK, delivery_id=f"d{n}"))
        assert isinstance(taken, Accepted)
        nhn_server.messages[-1].code = code
        found = channel.trace(Sent(f"d{n}", ALIMTALK.to, CLOCK, provider_id=taken.provider_id))
        assert isinstance(found, Receipt)
        assert (found.status, found.again) == (STATUS[kind], kind is Kind.RETRY), code


STATUS = {
    Kind.OK: ReceiptStatus.DELIVERED,
    Kind.PENDING: ReceiptStatus.PENDING,
    Kind.UNCONFIRMED: ReceiptStatus.UNCONFIRMED,
    Kind.RETRY: ReceiptStatus.FAILED,
    Kind.PERMANENT: ReceiptStatus.FAILED,
    Kind.CONFIG: ReceiptStatus.FAILED,
}


def test_a_lost_message_is_found_on_a_later_page(nhn_server: nhn.Nhn) -> None:
    channel = make_alimtalk(nhn_server.url)
    channel.send_many([replace(ALIMTALK, delivery_id=f"d{n}") for n in range(1002)])
    found = channel.trace(Sent("d1001", ALIMTALK.to, CLOCK))
    assert isinstance(found, Receipt)
    assert isinstance(channel.trace(Sent("d1002", ALIMTALK.to, CLOCK)), Absent)
    assert isinstance(channel.trace(Sent("d1001", ALIMTALK.to, CLOCK + timedelta(hours=2))), Absent)


# ---- NHN Cloud SMS -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "kind"), [("가" * 45, "sms"), ("가" * 46, "mms"), ("👍 확인", "sms")])
def test_the_length_decides_between_sms_and_lms(nhn_server: nhn.Nhn, text: str, kind: str) -> None:
    result = make_nhn_sms(nhn_server.url).send(replace(SMS, text=text, subject="모아랩스" * 10))
    assert isinstance(result, Accepted), result
    assert nhn_server.posts()[0].path.endswith(f"/sender/{kind}")


def test_abroad_it_is_an_sms_with_the_country_however_long(nhn_server: nhn.Nhn) -> None:
    assert isinstance(make_nhn_sms(nhn_server.url).send(replace(ABROAD, text="Å" * 200)), Accepted)
    [call] = nhn_server.posts()
    assert call.path.endswith("/sender/sms")
    assert call.body["recipientList"][0] | {"recipientGroupingKey": ""} == {
        "recipientNo": "701234567",
        "countryCode": "46",
        "recipientGroupingKey": "",
    }


def test_a_text_beyond_an_lms_is_refused_here(nhn_server: nhn.Nhn) -> None:
    result = make_nhn_sms(nhn_server.url).send(replace(SMS, text="가" * 1001))
    assert isinstance(result, Failed)
    assert result.fault is Fault.CONFIG
    assert nhn_server.calls == []


def test_every_documented_sms_code_is_told_in_the_answer_and_later(nhn_server: nhn.Nhn) -> None:
    channel = make_nhn_sms(nhn_server.url)
    for code, (kind, _) in TABLES[NHN_SMS].items():
        if kind is Kind.OK:
            continue
        nhn_server.plan.append(refuse_all(code))
        assert kind_of(channel.send(SMS)) == kind.value, code
        taken = channel.send(SMS)
        assert isinstance(taken, Accepted)
        nhn_server.messages[-1].code = code
        found = channel.trace(Sent("01d", SMS.to, CLOCK, provider_id=taken.provider_id))
        assert isinstance(found, Receipt)
        assert found.status is STATUS[kind], code


def test_who_called_the_free_number_is_read_with_the_time_of_seoul(nhn_server: nhn.Nhn) -> None:
    channel = make_nhn_sms(nhn_server.url)
    nhn_server.refuse("01012345678")
    found = channel.list_refusals(number=nhn.FREE_NUMBER, since=CLOCK - timedelta(days=1))
    assert found == [Refusal("01012345678", CLOCK)]
    assert channel.list_refusals(number=nhn.FREE_NUMBER, since=CLOCK + timedelta(hours=1)) == []
    assert isinstance(channel.list_refusals(number="0800000000", since=CLOCK), CannotTell)


# ---- Solapi ------------------------------------------------------------------------------------------------------


def test_solapi_alimtalk_keeps_its_own_fail_over_off(solapi_server: solapi.SolapiServer) -> None:
    make_solapi(solapi_server.url, "alimtalk").send(ATA)
    [call] = solapi_server.posts()
    assert call.path == "/messages/v4/send-many/detail"
    assert call.body["allowDuplicates"] is False
    [message] = call.body["messages"]
    assert message == {
        "to": "01012345678",
        "country": "82",
        "type": "ATA",
        "customFields": {"delivery": "01d"},
        "kakaoOptions": {
            "pfId": solapi.PF_ID,
            "templateId": solapi.TEMPLATE,
            "variables": {"#{company}": "Moa", "#{token}": "x"},
            "disableSms": True,
        },
    }


@pytest.mark.parametrize(
    ("status", "review"),
    [("PENDING", "registered"), ("INSPECTING", "in_review"), ("APPROVED", "approved"), ("REJECTED", "rejected")],
)
def test_solapi_tells_where_a_template_stands(solapi_server: solapi.SolapiServer, status: str, review: str) -> None:
    channel = make_solapi(solapi_server.url, "alimtalk")
    solapi_server.reviews[solapi.TEMPLATE] = status
    solapi_server.comments = [
        {"isAdmin": True, "memberId": "k", "content": "변수가 많습니다.", "dateCreated": "2026-11-23T09:00:00.000Z"},
        {"isAdmin": False, "memberId": "m", "content": "고쳤습니다.", "dateCreated": "2026-11-23T10:00:00.000Z"},
    ]
    assert channel.find_review(sender="", code=solapi.TEMPLATE) == Reviewed(Review(review), "변수가 많습니다.")
    assert channel.find_review(sender="", code="KA01TP9") == Absent()
    solapi_server.reviews[solapi.TEMPLATE] = "SOMETHING_NEW"
    assert isinstance(channel.find_review(sender="", code=solapi.TEMPLATE), CannotTell)


def test_solapi_tells_page_by_page_who_called_the_free_number(solapi_server: solapi.SolapiServer) -> None:
    channel = make_solapi(solapi_server.url, "sms")
    solapi_server.refused_at = {f"0101{n:07}": CLOCK for n in range(1200)}
    solapi_server.refused_at["01099999999"] = CLOCK - timedelta(days=40)
    found = channel.list_refusals(number="0801234567", since=CLOCK - timedelta(days=30))
    assert not isinstance(found, CannotTell)
    assert len(found) == len({r.number for r in found}) == 1200
    assert found[0] == Refusal("01010000000", CLOCK)
    away = make_solapi(nowhere(), "sms")
    assert isinstance(away.list_refusals(number="0801234567", since=CLOCK), CannotTell)


def test_every_call_has_a_signature_of_its_own(solapi_server: solapi.SolapiServer) -> None:
    channel = make_solapi(solapi_server.url, "sms")
    assert all(isinstance(channel.send(replace(SMS, delivery_id=f"d{n}")), Accepted) for n in range(3))
    assert len(solapi_server.signatures) == 3


@pytest.mark.parametrize(
    ("secret", "skew", "code"),
    [("wrong", 0, "solapi.SignatureDoesNotMatch"), (solapi.SECRET, 16, "solapi.RequestTimeTooSkewed")],
)
def test_signatures_that_solapi_refuses(solapi_server: solapi.SolapiServer, secret: str, skew: int, code: str) -> None:
    signed = SolapiApi(
        api(solapi_server.url), key=solapi.KEY, secret=secret, clock=lambda: CLOCK + timedelta(minutes=skew)
    )
    result = Solapi(signed, guard(), channel="sms", sender=solapi.SENDER).send(SMS)
    assert isinstance(result, Retry)
    assert result.code == code[:32]


def test_solapi_tells_each_message_of_a_batch(solapi_server: solapi.SolapiServer) -> None:
    solapi_server.refused["01000000001"] = "1061"
    batch = [replace(SMS, delivery_id=f"d{n}", phone=Phone("82", f"0100000000{n}")) for n in range(3)]
    results = make_solapi(solapi_server.url, "sms").send_many(
        [*batch, replace(SMS, delivery_id="d9", text="가" * 1001)]
    )
    assert [kind_of(r) for r in results] == ["ok", "permanent", "ok", "config"]
    assert len(solapi_server.posts()) == 1


def test_every_documented_solapi_code_is_told(solapi_server: solapi.SolapiServer) -> None:
    channel = make_solapi(solapi_server.url, "sms")
    for code, (kind, _) in TABLES[SOLAPI].items():
        if not code.isdigit():
            continue
        if kind not in (Kind.OK, Kind.PENDING):
            solapi_server.refused["01012345678"] = code
            assert kind_of(channel.send(SMS)) == kind.value, code
        solapi_server.refused.clear()
        solapi_server.results["01012345678"] = code
        taken = channel.send(SMS)
        assert isinstance(taken, Accepted)
        found = channel.trace(Sent("01d", SMS.to, CLOCK, provider_id=taken.provider_id))
        assert isinstance(found, Receipt)
        assert found.status is STATUS[kind], code


# ---- Twilio ------------------------------------------------------------------------------------------------------


def test_twilio_sends_the_documented_form_and_tells_what_it_costs(twilio_server: twilio.TwilioServer) -> None:
    result = make_twilio(twilio_server.url).send(ABROAD)
    assert isinstance(result, Accepted)
    assert result.detail == "1 segment(s)"
    [call] = twilio_server.posts()
    assert call.path == f"/2010-04-01/Accounts/{twilio.ACCOUNT}/Messages.json"
    assert call.body == {
        "To": "+46701234567",
        "From": twilio.NUMBER,
        "Body": ABROAD.text,
        "StatusCallback": "https://g.test/hooks/twilio/status/01d",
    }


def test_twilio_uses_a_messaging_service(twilio_server: twilio.TwilioServer) -> None:
    channel = Twilio(
        api(twilio_server.url, auth=(twilio.ACCOUNT, twilio.TOKEN)),
        guard(),
        account=twilio.ACCOUNT,
        sender="MG" + "2" * 32,
        hook_url="https://g.test",
    )
    assert isinstance(channel.send(ABROAD), Accepted)
    assert "From" not in twilio_server.posts()[0].body


def test_every_documented_twilio_error_is_told(twilio_server: twilio.TwilioServer) -> None:
    for code, (kind, _) in TABLES[TWILIO].items():
        status = {"20003": 401, "20429": 429}.get(code, 400)
        twilio_server.refused[ABROAD.to] = (status, int(code))
        result = make_twilio(twilio_server.url).send(ABROAD)
        assert kind_of(result) == kind.value, code
        assert getattr(result, "code", "") == f"twilio.{code}"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((s, ReceiptStatus.PENDING) for s in ("accepted", "scheduled", "queued", "sending", "sent", "new-one")),
        *((s, ReceiptStatus.DELIVERED) for s in ("delivered", "read")),
        *((s, ReceiptStatus.FAILED) for s in ("failed", "undelivered", "canceled")),
    ],
)
def test_twilio_statuses(twilio_server: twilio.TwilioServer, status: str, expected: ReceiptStatus) -> None:
    channel = make_twilio(twilio_server.url)
    taken = channel.send(ABROAD)
    assert isinstance(taken, Accepted)
    twilio_server.messages[taken.provider_id] |= {"status": status, "error_code": 30003 if "un" in status else None}
    found = channel.trace(Sent("01d", ABROAD.to, CLOCK, provider_id=taken.provider_id))
    assert isinstance(found, Receipt)
    assert found.status is expected


def test_an_older_message_of_the_same_words_is_not_taken_for_the_lost_one(twilio_server: twilio.TwilioServer) -> None:
    channel = make_twilio(twilio_server.url)
    channel.send(ABROAD)
    later = Sent("02d", ABROAD.to, CLOCK + timedelta(hours=1), text=ABROAD.text)
    assert isinstance(channel.trace(later), Absent)
    assert isinstance(channel.trace(replace(later, since=CLOCK, text="other words")), Absent)


@pytest.mark.parametrize("make", [make_alimtalk, make_nhn_sms, lambda url: make_solapi(url, "sms"), make_twilio])
def test_a_provider_that_cannot_be_asked_says_neither_yes_nor_no(make: Any) -> None:
    sent = Sent("01d", SMS.to, datetime(2026, 11, 23, tzinfo=UTC), phone=SMS.phone)
    assert isinstance(make("http://127.0.0.1:9").trace(sent), CannotTell)
