"""Reaching a candidate by phone, whole: database, use cases, channels, and providers as simulators (seeds §6.2, GW-8,
walk 6 of seeds §7; reliability 64-69). Not about a single provider's rules (tests/outbound)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from cast import Company, as_candidate
from running import Pump, both_databases
from simulators import nhn
from simulators.server import hang_up, lose_answer, say
from web.web_kit import browser_of, make_app, words_of

from flows.test_bounces import GONE, TWO_GONE
from flows.test_conversation import receive
from gateway.config import Settings
from gateway.errors import Conflict, NotFound
from gateway.outbound.registry import build_channels, build_hooks
from gateway.threads.bulk import BulkMessage, BulkState
from gateway.threads.channel import HookCall, IncomingSms, Receipt, ReceiptStatus, Retry
from gateway.threads.consents import ConsentKind
from gateway.threads.decisions import Reason
from gateway.threads.model import CameInBy, Delivery, DeliveryState, InboxState
from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, MailBody
from gateway.usecases import accounts, applicants, bulk
from gateway.usecases.change_stage import change_stage
from gateway.usecases.consents import give_consent
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one, release_expired
from gateway.usecases.mend_delivery import send_again
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import list_conversations
from gateway.usecases.receive_sms import receive_sms
from gateway.usecases.record_receipt import find_looks, look_up_one, record_receipts
from gateway.usecases.templates import put_template
from gateway.usecases.views import ApplicantView

NUMBER, LOCAL = "+821012345678", "01012345678"
WORDS = "지우 님, 화요일에 뵐 수 있을까요?"


@pytest.fixture
def settings_values(provider: nhn.Nhn) -> dict[str, Any]:
    return {
        "outbound_smtp_url": "mailbox:",
        "channels": ["alimtalk", "sms", "email"],
        "alimtalk_provider": "nhn",
        "alimtalk_templates": {"candidate.new_message": "NEWMSG"},
        "alimtalk_sender": nhn.SENDER_KEY,
        "sms_provider": "nhn",
        "sms_sender": nhn.SEND_NO,
        "nhn_alimtalk_app_key": nhn.APP_KEY,
        "nhn_alimtalk_secret": nhn.SECRET,
        "nhn_sms_app_key": nhn.APP_KEY,
        "nhn_sms_secret": nhn.SECRET,
        "nhn_webhook_secret": nhn.WEBHOOK_SECRET,
        "nhn_alimtalk_url": provider.url,
        "nhn_sms_url": provider.url,
        "provider_seconds": 3.0,
        "provider_rate": "",
    }


@pytest.fixture
def ctx(ctx: Context, channel: Any, gateway_settings: Settings, clock: Any) -> Iterator[Context]:
    channels = {**build_channels(gateway_settings, clock=clock), "email": channel}
    yield replace(ctx, channels=channels, hooks=build_hooks(gateway_settings, clock=clock))
    for name in ("alimtalk", "sms"):
        channels[name].close()


@dataclass
class World:
    """A company, an applicant with phone and e-mail, and what happened to the newest message."""

    ctx: Context
    company: Company
    jiwoo: ApplicantView
    provider: nhn.Nhn
    clock: Any
    mail: Any
    pump: Pump

    def say(self, **how: Any) -> list[Delivery]:
        posted = post_message(self.ctx, self.company.as_jun, self.jiwoo.thread_id, NewMessage(text=WORDS, **how))
        self.pump()
        return self.deliveries(posted.message.id)

    def deliveries(self, message_id: str) -> list[Delivery]:
        with self.ctx.database.read() as tx:
            return tx.outbox.by_message([message_id], attempts=True).get(message_id, [])

    def states(self, message_id: str) -> list[tuple[str, str]]:
        return [(d.channel, d.state.value) for d in self.deliveries(message_id)]

    def look(self) -> None:
        """Whatever is due to be asked is asked, and what follows goes out."""
        for delivery_id in find_looks(self.ctx):
            look_up_one(self.ctx, delivery_id)
        self.pump()

    def report(self, message: nhn.Message, code: str, *, channel: str) -> None:
        call = HookCall("", {"x-toast-webhook-signature": nhn.WEBHOOK_SECRET}, self.provider.report(message, code))
        news = self.ctx.hooks["nhn"].read(call)
        assert news is not None
        record_receipts(self.ctx, channel, list(news.receipts[channel]))
        self.pump()

    def texts(self) -> list[str]:
        with self.ctx.database.read() as tx:
            return [m.text for m in tx.messages.newest(self.jiwoo.thread_id, before=100, limit=20)]

    def kinds(self) -> list[str]:
        return [m.kind for m in self.provider.messages]

    def events(self) -> list[str]:
        with self.ctx.database.read() as tx:
            return [e.name for e in tx.events.of_thread(self.jiwoo.thread_id, after=0)]


@pytest.fixture
def world(ctx: Context, company: Company, provider: nhn.Nhn, clock: Any, channel: Any, pump: Pump) -> World:
    jiwoo = applicants.put_applicant(
        ctx,
        company.ats,
        "jiwoo-1",
        opening=company.opening.external_id,
        name="한지우",
        email="jiwoo@mail.example",
        phone="010-1234-5678",
        locale="ko",
        source="applied",
    )
    return World(ctx, company, jiwoo, provider, clock, channel, pump)


@both_databases
def test_an_alimtalk_is_sent_and_its_report_recorded(world: World) -> None:
    [delivery] = world.say()
    assert (delivery.channel, delivery.state, delivery.to) == ("alimtalk", DeliveryState.ACCEPTED, NUMBER)
    [message] = world.provider.messages
    world.report(message, "1000", channel="alimtalk")
    [delivery] = world.deliveries(delivery.message_id or "")
    assert delivery.state is DeliveryState.DELIVERED
    assert world.mail.sent == []


def test_what_a_recruiter_wrote_never_travels_by_phone(world: World) -> None:
    """seeds §0, §9 no. 31: the approved notice with a link goes instead, by AlimTalk and by SMS."""
    world.provider.results[LOCAL] = "3019"
    world.say()
    world.report(world.provider.messages[0], "3019", channel="alimtalk")
    alimtalk, sms = world.provider.posts()
    assert WORDS not in json.dumps(alimtalk.body, ensure_ascii=False)
    assert alimtalk.body["recipientList"][0]["templateParameter"]["company"] == "Moa Labs"
    assert WORDS not in sms.body["body"]
    assert "http://gateway.test/c/" in sms.body["body"]


@both_databases
def test_no_kakaotalk_falls_back_to_sms_once(world: World) -> None:
    """Reliability 68: seeds §7 walk 6; 6.2: AlimTalk to a number without KakaoTalk."""
    [delivery] = world.say()
    for _ in range(2):  # the same report twice
        world.report(world.provider.messages[0], "3019", channel="alimtalk")
    message_id = delivery.message_id or ""
    assert world.states(message_id) == [("alimtalk", "fell_back"), ("sms", "accepted")]
    assert world.kinds() == ["alimtalk", "mms"]
    alimtalk, sms = world.deliveries(message_id)
    assert (alimtalk.code, alimtalk.reason) == ("nhn.alimtalk.3019", Reason.NEXT_CHANNEL)
    assert sms.fallback_of == alimtalk.id
    assert world.events().count("delivery.fell_back") == 1


def test_the_whole_plan_is_walked_and_ends_with_mail(world: World) -> None:
    [delivery] = world.say()
    world.report(world.provider.messages[0], "3020", channel="alimtalk")
    world.report(world.provider.messages[1], "3001", channel="sms")
    states = world.states(delivery.message_id or "")
    assert states == [("alimtalk", "fell_back"), ("sms", "fell_back"), ("email", "accepted")]
    assert WORDS in world.mail.sent[0].text


def test_a_refusal_in_the_answer_itself_falls_back_at_once(world: World) -> None:
    world.provider.unapproved.add("NEWMSG")
    deliveries = world.say()
    assert [(d.channel, d.state.value) for d in deliveries] == [("alimtalk", "fell_back"), ("sms", "accepted")]
    assert deliveries[0].code == "nhn.alimtalk.-3005"


def test_the_last_channel_that_fails_is_seen(world: World) -> None:
    [delivery] = world.say(channels=("alimtalk",))
    world.report(world.provider.messages[0], "3019", channel="alimtalk")
    assert world.states(delivery.message_id or "") == [("alimtalk", "bounced")]


@both_databases
@pytest.mark.parametrize("report", [(TWO_GONE,), (GONE, GONE.replace("failure notice", "again"))])
def test_a_mail_that_came_back_twice_falls_back_once(world: World, report: tuple[str, ...]) -> None:
    """Two mailboxes behind one address, or a second bounce after the next channel took over."""
    [delivery] = world.say(channels=("email", "sms"))
    for raw in report:
        receive(world.ctx, raw.encode(), to=world.mail.sent[-1].envelope_from, from_="")
        world.pump()
    assert world.states(delivery.message_id or "") == [("email", "fell_back"), ("sms", "accepted")]
    assert [row.failed for row in list_conversations(world.ctx, world.company.as_jun)[0]] == [0]
    with world.ctx.database.read() as tx:
        assert tx.inbox.ids_of([InboxState.FAILED]) == []


def test_a_missed_deadline_asks_first_and_then_falls_back(world: World) -> None:
    [delivery] = world.say()
    message_id = delivery.message_id or ""
    world.clock.move(minutes=9)
    world.look()
    assert world.states(message_id) == [("alimtalk", "accepted")]
    world.clock.move(minutes=1)
    world.look()
    assert world.states(message_id) == [("alimtalk", "fell_back"), ("sms", "accepted")]
    assert [c.method for c in world.provider.calls].count("GET") >= 2


def test_a_deadline_that_only_the_report_missed_needs_no_second_copy(world: World) -> None:
    """The webhook was lost; the look-up at the deadline finds that it arrived."""
    [delivery] = world.say()
    world.provider.messages[0].code = "1000"
    world.clock.move(minutes=10)
    world.look()
    assert world.states(delivery.message_id or "") == [("alimtalk", "delivered")]
    assert world.kinds() == ["alimtalk"]


@both_databases
def test_a_late_success_is_told_on_the_delivery_that_fell_back(world: World) -> None:
    [delivery] = world.say()
    world.clock.move(minutes=10)
    world.look()
    world.report(world.provider.messages[0], "1000", channel="alimtalk")
    alimtalk, sms = world.deliveries(delivery.message_id or "")
    assert (alimtalk.state, alimtalk.reason) == (DeliveryState.FELL_BACK, Reason.LATE_SUCCESS)
    assert alimtalk.attempts[-1].outcome == "delivered"
    assert sms.state is DeliveryState.ACCEPTED
    world.report(world.provider.messages[0], "1000", channel="alimtalk")
    assert world.deliveries(delivery.message_id or "")[0].attempts == alimtalk.attempts


def test_a_late_success_stops_a_second_copy_that_has_not_gone_out(world: World) -> None:
    """Reliability 68."""
    posted = post_message(world.ctx, world.company.as_jun, world.jiwoo.thread_id, NewMessage(text=WORDS))
    deliver_one(world.ctx, posted.deliveries[0].id)
    receipt = Receipt(ReceiptStatus.FAILED, posted.deliveries[0].id, code="nhn.alimtalk.3019")
    record_receipts(world.ctx, "alimtalk", [receipt])
    record_receipts(world.ctx, "alimtalk", [Receipt(ReceiptStatus.DELIVERED, posted.deliveries[0].id)])
    world.pump()
    assert world.states(posted.message.id) == [("alimtalk", "fell_back"), ("sms", "cancelled")]
    assert world.kinds() == ["alimtalk"]


def test_a_lost_answer_is_looked_up_and_never_sent_twice(world: World) -> None:
    """reliability 64: accepted, and the answer lost."""
    world.provider.plan.append(lose_answer())
    [delivery] = world.say()
    assert delivery.state is DeliveryState.UNCERTAIN
    world.clock.move(minutes=1)
    world.look()
    [delivery] = world.deliveries(delivery.message_id or "")
    assert delivery.state is DeliveryState.ACCEPTED
    assert delivery.provider_id
    assert len(world.provider.messages) == 1


def test_a_lost_answer_is_found_when_a_report_came_long_after(world: World) -> None:
    """The report names our delivery only; the provider is asked about the time of the attempt."""
    world.provider.plan.append(lose_answer())
    [delivery] = world.say(channels=("alimtalk",))
    record_receipts(world.ctx, "alimtalk", [Receipt(ReceiptStatus.PENDING, delivery.id)])
    world.clock.move(minutes=20)
    record_receipts(world.ctx, "alimtalk", [Receipt(ReceiptStatus.UNCONFIRMED, delivery.id, code="nhn.alimtalk.3005")])
    for _ in range(4):
        world.clock.move(minutes=5)
        world.look()
    assert len(world.provider.messages) == 1


def test_what_the_provider_never_took_goes_out_after_it_had_time_to_show_it(world: World) -> None:
    world.provider.plan.append(hang_up())
    [delivery] = world.say(channels=("alimtalk",))
    for _ in range(3):
        world.clock.move(minutes=5)
        assert world.provider.messages == []
        world.look()
    assert world.states(delivery.message_id or "") == [("alimtalk", "accepted")]
    assert len(world.provider.messages) == 1


@both_databases
@pytest.mark.parametrize("minutes", [2, 30, 3 * 24 * 60])
def test_a_worker_that_died_in_mid_send_leaves_one_message(
    world: World, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    """Reliability 64: also when the machine was off for long; the provider is asked about the time of the attempt."""
    posted = post_message(world.ctx, world.company.as_jun, world.jiwoo.thread_id, NewMessage(text=WORDS))
    monkeypatch.setattr("gateway.usecases.record_attempts.record_move", _die)
    with pytest.raises(KeyboardInterrupt):
        deliver_one(world.ctx, posted.deliveries[0].id)
    monkeypatch.undo()
    world.clock.move(minutes=minutes)
    assert release_expired(world.ctx) == 1
    world.look()
    assert world.states(posted.message.id) == [("alimtalk", "accepted")]
    assert len(world.provider.messages) == 1


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_the_provider_does_not_know_either(world: World) -> None:
    """3005: kept by Kakao, may still arrive for three days. Never sent again; the next channel only at the deadline."""
    [delivery] = world.say()
    world.report(world.provider.messages[0], "3005", channel="alimtalk")
    message_id = delivery.message_id or ""
    assert world.states(message_id) == [("alimtalk", "uncertain")]
    world.provider.messages[0].code = "3005"
    world.clock.move(minutes=10)
    world.look()
    assert world.states(message_id) == [("alimtalk", "fell_back"), ("sms", "accepted")]
    assert world.kinds().count("alimtalk") == 1


def test_a_provider_in_trouble_is_tried_again_and_left_at_the_deadline(world: World) -> None:
    world.provider.plan += [say(503), say(503), say(503), say(503), say(503)]
    [delivery] = world.say()
    assert delivery.state is DeliveryState.DEFERRED
    world.clock.move(minutes=10)
    world.pump()
    states = world.states(delivery.message_id or "")
    assert states[0] == ("alimtalk", "fell_back")
    assert states[1][0] == "sms"


def test_a_result_that_passes_is_tried_again_where_no_other_channel_is(world: World) -> None:
    [delivery] = world.say(channels=("alimtalk",))
    world.report(world.provider.messages[0], "3000", channel="alimtalk")
    assert world.states(delivery.message_id or "") == [("alimtalk", "deferred")]
    world.clock.move(minutes=11)
    world.pump()
    assert world.states(delivery.message_id or "") == [("alimtalk", "accepted")]
    assert len(world.provider.messages) == 2


@both_databases
@pytest.mark.parametrize(("channel_name", "passing", "final"), [("alimtalk", "3000", "3019"), ("sms", "E999", "3001")])
def test_a_provider_that_tells_of_the_first_copy_again_orders_no_third(
    world: World, channel_name: str, passing: str, final: str
) -> None:
    """Reliability 66: in whatever state the second copy is; what is told of the second counts."""
    [delivery] = world.say(channels=(channel_name,))
    [first] = world.provider.messages

    def tell_again() -> str:
        world.report(first, passing, channel=channel_name)
        return world.states(delivery.message_id or "")[0][1]

    assert tell_again() == "deferred"
    world.clock.move(minutes=6)
    assert tell_again() == "deferred"  # which puts nothing off
    world.provider.plan.append(lose_answer())
    world.clock.move(minutes=5)
    world.pump()
    assert tell_again() == "uncertain"
    world.clock.move(minutes=1)
    world.look()
    assert tell_again() == "accepted"
    world.clock.move(minutes=11)
    world.pump()
    assert len(world.provider.messages) == 2
    world.report(world.provider.messages[1], final, channel=channel_name)
    assert world.states(delivery.message_id or "") == [(channel_name, "bounced")]


def test_many_messages_travel_in_one_call_and_one_bad_number_fails_alone(world: World) -> None:
    world.provider.refused["01099990003"] = "-5000"
    for n in range(5):
        view = applicants.put_applicant(
            world.ctx,
            world.company.ats,
            f"many-{n}",
            opening=world.company.opening.external_id,
            name=f"Person {n}",
            email="",
            phone=f"+82109999000{n}",
            locale="ko",
            source="ats",
        )
        post_message(world.ctx, world.company.as_jun, view.thread_id, NewMessage(text=WORDS, channels=("alimtalk",)))
    world.pump()
    assert len(world.provider.posts()) == 1
    assert len(world.provider.messages) == 4
    with world.ctx.database.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT address, state FROM deliveries WHERE message_id IS NOT NULL").all()
    assert sorted(state for _, state in rows) == ["accepted"] * 4 + ["failed"]
    assert dict(rows)["+821099990003"] == "failed"


def test_a_fault_cannot_spend_a_fortune(world: World) -> None:
    """The workspace's cap of a day: then the channel that costs nothing is used."""
    world.ctx = replace(world.ctx, settings=world.ctx.settings.model_copy(update={"phone_messages_per_day": 2}))
    world.pump.ctx = world.ctx
    for _ in range(2):
        assert world.say()[0].channel == "alimtalk"
    states = [(d.channel, d.state.value, d.code) for d in world.say()]
    assert states == [
        ("alimtalk", "fell_back", "daily_cap"),
        ("sms", "fell_back", "daily_cap"),
        ("email", "accepted", ""),
    ]
    [waiting] = world.say(channels=("sms",))
    assert (waiting.state, waiting.code, waiting.tries) == (DeliveryState.DEFERRED, "daily_cap", 0)
    world.clock.move(days=1)
    world.pump()
    assert world.states(waiting.message_id or "") == [("sms", "accepted")]


@both_databases
def test_a_message_to_many_that_waits_for_the_morning_can_be_cancelled(world: World) -> None:
    """PE-P3: it was posted at once, nobody has got it, and nobody is rung out of bed."""
    words = {"ko": Body(MailBody("알림", "내일 면접입니다."))}
    put_template(world.ctx, world.company.as_jun, "remind", purpose=Purpose.REMINDER, variables=[], bodies=words)
    world.clock.now = world.clock.now.replace(hour=13)  # 22:00 in Seoul
    message = BulkMessage(template="remind", channels=("sms",))
    started = bulk.start_bulk(world.ctx, world.company.as_jun, ["jiwoo-1"], message)
    bulk.run_bulk(world.ctx, started.id)
    world.pump()
    assert bulk.may_cancel(world.ctx, world.company.as_jun, started.id)
    assert bulk.cancel_bulk(world.ctx, world.company.as_jun, started.id).state is BulkState.CANCELLING
    assert bulk.run_bulk(world.ctx, started.id) == 1
    world.clock.move(hours=12)
    world.pump()
    assert world.provider.messages == []
    done = bulk.find_bulk(world.ctx, world.company.as_jun, started.id)
    assert (done.state, done.posted) == (BulkState.CANCELLED, 0)
    assert not bulk.may_cancel(world.ctx, world.company.as_jun, started.id)


@both_databases
def test_a_scheduled_message_goes_out_once_however_many_channels_and_tries_it_takes(world: World) -> None:
    """Its event is news to the ATS and to open pages; a cap or a rate that holds a try back leaves no attempt."""
    at = world.clock.now + timedelta(hours=1)
    for channels in (("alimtalk", "sms"), ("sms",)):
        post_message(
            world.ctx, world.company.as_jun, world.jiwoo.thread_id, NewMessage(WORDS, send_at=at, channels=channels)
        )
    world.pump.ctx = world.ctx = replace(
        world.ctx, settings=world.ctx.settings.model_copy(update={"phone_messages_per_day": 1})
    )
    world.clock.move(hours=1)
    world.pump()
    world.report(world.provider.messages[0], "3019", channel="alimtalk")
    for _ in range(3):
        world.clock.move(days=1)
        world.pump()
    assert sorted(world.kinds()) == ["alimtalk", "mms", "mms"]
    assert world.events().count("message.released") == 2


def test_reminders_wait_for_the_recipients_morning_and_direct_messages_do_not(world: World) -> None:
    """seeds §9 no. 32."""
    world.clock.now = world.clock.now.replace(hour=13)  # 22:00 in Seoul
    [reminder] = world.say(purpose=Purpose.REMINDER)
    assert reminder.state is DeliveryState.SCHEDULED
    assert reminder.next_attempt_at == world.clock.now + timedelta(hours=10)
    [direct] = world.say()
    assert direct.state is DeliveryState.ACCEPTED


@both_databases
@pytest.mark.parametrize(
    ("purpose", "first"), [(Purpose.ADVERTISING, "sms"), (Purpose.REMINDER, "alimtalk"), (Purpose.REMINDER, "email")]
)
def test_what_must_not_come_at_night_is_not_tried_again_at_night(world: World, purpose: Purpose, first: str) -> None:
    """정보통신망법 §50(3), seeds §9 no. 32: planned by day, tried in vain, due again when the night has begun."""
    agree_to_advertising(world)
    world.clock.now = world.clock.now.replace(hour=11, minute=59)  # 20:59 in Seoul
    world.provider.plan.append(say(503))
    world.mail.script.append(Retry("4.2.1", "Try again."))
    [delivery] = world.say(purpose=purpose, channels=(first, "sms"))
    assert delivery.state is DeliveryState.DEFERRED
    world.clock.move(minutes=5)  # 21:04
    world.pump()
    [held] = world.deliveries(delivery.message_id or "")
    morning = world.clock.now.replace(hour=23, minute=0)  # 08:00
    assert (held.state, held.next_attempt_at, held.tries) == (DeliveryState.SCHEDULED, morning, 1)
    world.clock.now = morning - timedelta(seconds=1)
    world.pump()
    assert (world.provider.messages, len(world.mail.sent)) == ([], 1 if first == "email" else 0)
    world.clock.now = morning
    world.pump()
    assert world.deliveries(delivery.message_id or "")[-1].state is DeliveryState.ACCEPTED


def test_a_backlog_that_reaches_the_night_waits_and_no_channel_loses_its_time(world: World) -> None:
    """Nothing was tried: AlimTalk has its ten minutes in the morning, and the day's number is not used up."""
    settings = world.ctx.settings.model_copy(update={"phone_messages_per_day": 1})
    world.ctx = world.pump.ctx = replace(world.ctx, settings=settings)
    world.clock.now = world.clock.now.replace(hour=11, minute=59)
    late = NewMessage(text=WORDS, purpose=Purpose.REMINDER, channels=("alimtalk", "sms"))
    posted = post_message(world.ctx, world.company.as_jun, world.jiwoo.thread_id, late)
    world.clock.move(minutes=2)  # 21:01
    world.pump()
    assert world.states(posted.message.id) == [("alimtalk", "scheduled")]
    world.clock.move(hours=11)
    world.pump()
    assert world.states(posted.message.id) == [("alimtalk", "accepted")]


@pytest.mark.parametrize("purpose", [Purpose.TRANSACTIONAL, Purpose.LEGAL_NOTICE])
def test_what_belongs_to_the_application_is_tried_again_at_night(world: World, purpose: Purpose) -> None:
    world.clock.now = world.clock.now.replace(hour=11, minute=59)
    world.provider.plan.append(say(503))
    [delivery] = world.say(purpose=purpose, channels=("sms",))
    world.clock.move(minutes=5)
    world.pump()
    assert world.states(delivery.message_id or "") == [("sms", "accepted")]


def agree_to_advertising(world: World) -> None:
    """The person agreed, and the installation has the free number without which no advertising goes by SMS."""
    settings = world.ctx.settings.model_copy(update={"sms_refusal_number": "080-123-4567"})
    world.ctx = world.pump.ctx = replace(world.ctx, settings=settings)
    external_id = world.jiwoo.applicant.external_id
    give_consent(world.ctx, world.company.ats, external_id, ConsentKind.PHONE, words="Tell me of new openings.")


def test_stop_bars_sms_but_not_what_the_law_demands(world: World) -> None:
    world.say(channels=("sms",))
    assert receive_sms(world.ctx, IncomingSms("SM1", NUMBER, "+15005550006", " stop ")) is Reason.OK
    [barred] = world.say(channels=("sms",))
    assert (barred.state, barred.reason) == (DeliveryState.SKIPPED, Reason.OPTED_OUT)
    change_stage(
        world.ctx,
        world.company.as_jun,
        world.jiwoo.thread_id,
        "rejected",
        notify=NewMessage(text="결과 안내", channels=("sms",)),
    )
    world.pump()
    assert len(world.provider.messages) == 2
    receive_sms(world.ctx, IncomingSms("SM2", NUMBER, "+15005550006", "START"))
    assert world.say(channels=("sms",))[0].state is DeliveryState.ACCEPTED
    assert "candidate.opted_out" in world.events()
    assert "candidate.opted_in" in world.events()


@both_databases
def test_stop_is_not_undone_by_the_button_again(world: World) -> None:
    """Only START ends it; what failed before is not offered again, and what was skipped because of it cannot be."""
    [failed] = world.say(channels=("sms",))
    world.report(world.provider.messages[0], "3006", channel="sms")
    desk = browser_of(make_app(world.ctx, world.company), world.company.jun)
    page, again = f"/desk/t/{world.jiwoo.thread_id}", f"/desk/deliveries/{failed.id}/again"
    assert again in desk.get(page).text
    receive_sms(world.ctx, incoming("STOP"))
    assert again not in desk.get(page).text
    refused = desk.post(again)  # from a page that was open all the while
    assert (refused.status_code, "asked for no more messages" in words_of(refused.text)) == (409, True)
    [barred] = world.say(channels=("sms",))
    with pytest.raises(Conflict, match="asked for no more"):
        send_again(world.ctx, world.company.as_jun, barred.id)
    with pytest.raises(Conflict, match="asked for no more"):
        send_again(world.ctx, world.company.as_jun, barred.id, to=NUMBER)
    world.pump()
    assert len(world.provider.messages) == 1
    assert world.say(channels=("sms",))[0].reason == Reason.OPTED_OUT
    receive_sms(world.ctx, incoming("START", sid="SM2"))
    assert desk.post(again).status_code == 303
    world.pump()
    assert len(world.provider.messages) == 2


def test_what_the_law_demands_can_be_sent_again_in_spite_of_stop(world: World) -> None:
    receive_sms(world.ctx, incoming("STOP"))
    [failed] = world.say(channels=("sms",), purpose=Purpose.LEGAL_NOTICE)
    world.report(world.provider.messages[0], "3006", channel="sms")
    send_again(world.ctx, world.company.as_jun, failed.id)
    world.pump()
    assert len(world.provider.messages) == 2
    assert world.say(channels=("sms",))[0].reason == Reason.OPTED_OUT


def test_advertising_goes_with_its_label_and_never_by_alimtalk(world: World) -> None:
    agree_to_advertising(world)
    [delivery] = world.say(purpose=Purpose.ADVERTISING, channels=("alimtalk", "sms"))
    assert (delivery.channel, delivery.state) == ("sms", DeliveryState.ACCEPTED)
    [call] = world.provider.posts()
    assert "/ad-" in call.path
    assert call.body["body"].startswith("(광고)")
    assert call.body["body"].endswith("무료수신거부 080-123-4567")
    receive_sms(world.ctx, IncomingSms("SM1", NUMBER, "+15005550006", "STOP"))
    receive_sms(world.ctx, IncomingSms("SM2", NUMBER, "+15005550006", "START"))
    with pytest.raises(Conflict):  # taken back with STOP; START is no new consent
        world.say(purpose=Purpose.ADVERTISING, channels=("sms",))


def test_without_a_phone_or_with_a_fixed_line_mail_is_used(world: World) -> None:
    applicants.put_applicant(
        world.ctx,
        world.company.ats,
        "jiwoo-1",
        opening=world.company.opening.external_id,
        name="한지우",
        email="jiwoo@mail.example",
        phone="02-123-4567",
        locale="ko",
        source="applied",
    )
    [delivery] = world.say()
    assert delivery.channel == "email"
    [asked] = world.say(channels=("sms",))
    assert (asked.state, asked.reason) == (DeliveryState.SKIPPED, Reason.NOT_MOBILE)


def test_a_corrected_number_is_the_applicants_until_the_ats_knows_another(world: World) -> None:
    def put(phone: str) -> str:
        person = {"opening": world.company.opening.external_id, "name": "한지우", "locale": "ko"}
        view = applicants.put_applicant(world.ctx, world.company.ats, "jiwoo-1", phone=phone, **person)
        return view.applicant.phone

    [failed] = world.say(channels=("sms",))
    world.report(world.provider.messages[0], "3006", channel="sms")
    send_again(world.ctx, world.company.as_jun, failed.id, to="+821087654321")
    world.pump()
    assert world.provider.messages[-1].number == "01087654321"
    assert put("010-1234-5678") == "+821087654321"
    assert "applicant.updated" in world.events()
    assert put("010-1111-2222") == "+821011112222"


def test_the_workspaces_own_order_and_senders_are_used(world: World) -> None:
    admin = world.company.as_jun
    accounts.set_channels(world.ctx, admin, channels=["sms"], sms_sender="02-123-4567")
    [delivery] = world.say()
    assert delivery.channel == "sms"
    assert world.provider.posts()[0].body["sendNo"] == "021234567"
    assert delivery.state is DeliveryState.FAILED  # that number is not registered with the provider
    assert delivery.code == "nhn.sms.-2312"


# ---- what people send us -----------------------------------------------------------------------------------------


def incoming(text: str = "네, 가능합니다.", *, sid: str = "SM1", sender: str = NUMBER, media: int = 0) -> IncomingSms:
    return IncomingSms(sid, sender, "+15005550006", text, media)


@both_databases
def test_an_sms_enters_the_thread_once_and_the_team_is_told(world: World) -> None:
    assert receive_sms(world.ctx, incoming(media=1)) is Reason.OK
    assert receive_sms(world.ctx, incoming(media=1)) is Reason.DUPLICATE
    world.pump()
    with world.ctx.database.read() as tx:
        [message] = tx.messages.newest(world.jiwoo.thread_id, before=100, limit=5)
    assert message.came_in_by is CameInBy.SMS
    assert message.author.name == "한지우"
    assert message.text.startswith("네, 가능합니다.")
    assert "Pictures" in message.text
    assert {o.to for o in world.mail.sent} == {"jun@moalabs.example", "hr@moalabs.example"}


@both_databases
@pytest.mark.parametrize("word", ["Yes", "START", "stop", "Cancel", "수신거부"])
def test_an_answer_of_one_word_is_a_message(world: World, word: str) -> None:
    """DESIGN §4.3: the carrier's words are read by the team, too. "Could you come on Tuesday?" "Yes"."""
    world.say(channels=("sms",))
    assert receive_sms(world.ctx, incoming(word)) is Reason.OK
    assert world.texts()[-1] == word
    assert "candidate.opted_in" not in world.events()
    barred = word not in ("Yes", "START")
    assert ("candidate.opted_out" in world.events()) is barred
    assert (world.say(channels=("sms",))[0].reason == Reason.OPTED_OUT) is barred


@both_databases
def test_an_sms_that_waits_for_its_time_does_not_follow_a_stop(world: World) -> None:
    (waiting,) = world.say(channels=("sms", "email"), send_at=world.ctx.now + timedelta(hours=1))
    receive_sms(world.ctx, incoming("STOP"))
    world.clock.move(hours=2)
    world.pump()
    assert world.provider.messages == []
    assert world.states(waiting.message_id or "") == [("sms", "fell_back"), ("email", "accepted")]


def test_yes_after_stop_is_start_and_a_message(world: World) -> None:
    for number, word in enumerate(["STOP", "yes"]):
        receive_sms(world.ctx, incoming(word, sid=f"SM{number}"))
    assert world.texts() == ["STOP", "yes"]
    assert world.say(channels=("sms",))[0].state is DeliveryState.ACCEPTED


def test_stop_after_a_rejection_takes_effect_and_is_answered_by_nobody(world: World) -> None:
    """Twilio says that it was heard; the words wait for a release, as any SMS after a rejection."""
    change_stage(world.ctx, world.company.as_jun, world.jiwoo.thread_id, "rejected", notify=None)
    assert receive_sms(world.ctx, incoming("STOP")) is Reason.THREAD_BLOCKED
    world.pump()
    assert (world.texts(), world.provider.messages) == ([], [])
    with world.ctx.database.read() as tx:
        assert len(tx.inbox.ids_of([InboxState.REFUSED])) == 1
    assert world.say(channels=("sms",))[0].reason == Reason.OPTED_OUT


def test_a_flood_of_text_messages_is_held_and_counts_with_what_is_written_on_the_page(world: World) -> None:
    """DESIGN §4.10: one person, one thread, one limit."""
    ctx = replace(world.ctx, settings=world.ctx.settings.model_copy(update={"sender_mails_per_hour": 2}))
    post_message(ctx, as_candidate(ctx, world.jiwoo), world.jiwoo.thread_id, NewMessage(text="안녕하세요"))
    taken = [receive_sms(ctx, incoming(sid=f"SM{n}")) for n in range(3)]
    assert taken == [Reason.OK, Reason.TOO_MANY, Reason.TOO_MANY]


def test_after_a_rejection_an_sms_is_refused_kindly_and_told_once_a_day(world: World) -> None:
    """The gate holds for every channel (reliability 50): nothing enters, the notice goes by SMS."""
    change_stage(world.ctx, world.company.as_jun, world.jiwoo.thread_id, "rejected", notify=None)
    for sid in ("SM1", "SM2"):
        assert receive_sms(world.ctx, incoming("왜죠?", sid=sid)) is Reason.THREAD_BLOCKED
    world.pump()
    with world.ctx.database.read() as tx:
        assert tx.messages.newest(world.jiwoo.thread_id, before=100, limit=5) == []
        kept = tx.inbox.ids_of([InboxState.REFUSED])
    assert len(kept) == 2
    [notice] = world.provider.messages
    assert "jobs@moalabs.example" in notice.text
    assert "왜죠" not in notice.text


def test_an_sms_of_nobody_waits_in_the_review_queue(world: World) -> None:
    assert receive_sms(world.ctx, incoming("안녕하세요", sender="+821099998888")) is Reason.NO_THREAD
    with world.ctx.database.read() as tx:
        [entry_id] = tx.inbox.ids_of([InboxState.UNMATCHED])
        entry = tx.inbox.find(entry_id)
        assert entry is not None
        raw = tx.blobs.read(entry.digest)
    assert entry.from_name == "+821099998888"
    assert b"sms.invalid" in raw


def test_of_two_applications_the_one_that_was_written_to_last_is_meant(world: World) -> None:
    applicants.put_opening(world.ctx, world.company.ats, "backend", title="Backend", notify_emails=[])
    other = applicants.put_applicant(
        world.ctx,
        world.company.ats,
        "jiwoo-2",
        opening="backend",
        name="한지우",
        email="jiwoo@mail.example",
        phone=NUMBER,
        locale="ko",
        source="applied",
    )
    assert receive_sms(world.ctx, incoming(sid="SM1")) is Reason.SEVERAL_THREADS
    world.say(channels=("sms",))
    assert receive_sms(world.ctx, incoming(sid="SM2")) is Reason.OK
    with world.ctx.database.read() as tx:
        assert tx.messages.newest(other.thread_id, before=100, limit=5) == []
    change_stage(world.ctx, world.company.as_jun, world.jiwoo.thread_id, "rejected", notify=None)
    assert receive_sms(world.ctx, incoming(sid="SM3")) is Reason.THREAD_BLOCKED  # it answers the closed one


def test_of_two_applications_the_open_one_is_meant_if_neither_was_written_to(world: World) -> None:
    """GW-1, as for mails."""
    applicants.put_applicant(
        world.ctx, world.company.ats, "jiwoo-2", opening=world.company.opening.external_id, name="한지우", phone=NUMBER
    )
    change_stage(world.ctx, world.company.as_jun, world.jiwoo.thread_id, "rejected", notify=None)
    assert receive_sms(world.ctx, incoming()) is Reason.OK
    assert world.texts() == []


def test_a_report_about_another_channel_or_nobody_changes_nothing(world: World) -> None:
    [delivery] = world.say()
    assert record_receipts(world.ctx, "sms", [Receipt(ReceiptStatus.FAILED, delivery.id)]) == 0
    assert record_receipts(world.ctx, "alimtalk", [Receipt(ReceiptStatus.FAILED, "01nobody")]) == 0
    assert world.states(delivery.message_id or "") == [("alimtalk", "accepted")]


def test_candidates_and_strangers_do_not_set_channels(world: World) -> None:
    with pytest.raises(NotFound):
        accounts.set_channels(world.ctx, as_candidate(world.ctx, world.jiwoo), channels=["email"])
