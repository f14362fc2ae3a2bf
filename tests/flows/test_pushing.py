"""NH-P3: news on a member's devices, by the same rule as mail and Slack; whose device it is, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cast import JUN, Company, as_candidate, make_applicant
from fakes import FakeChannel, FakeClock
from pydantic import SecretStr
from running import Pump, both_databases
from simulators.push import Browser, PushService
from simulators.server import say

from gateway.errors import Conflict, Invalid, NotFound
from gateway.outbound.ats import WebhookClient
from gateway.outbound.push import PushChannel
from gateway.outbound.vapid import PushKeys
from gateway.threads.devices import Device, Subscription
from gateway.threads.model import Member, MessageKind
from gateway.threads.notifying import PUSH, NewsKind
from gateway.threads.routing import EMAIL
from gateway.usecases.bell import read_bell
from gateway.usecases.compose import send
from gateway.usecases.context import Context
from gateway.usecases.devices import (
    find_device,
    forget_old_devices,
    keep_device,
    list_devices,
    push_key,
    remove_device,
    send_test_push,
)
from gateway.usecases.erase import erase_applicant
from gateway.usecases.members import set_active
from gateway.usecases.organise import Assign, organise
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.preferences import WantedHours, read_preferences, save_preferences
from gateway.usecases.sessions import end_other_sessions
from gateway.usecases.sign_in import demo_session, sign_out, viewer_of_member

NINE_TO_SIX = WantedHours("09:00", "18:00", range(5), "Asia/Seoul")
TWO_AT_NIGHT = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # Tuesday 02:00 in Seoul
NINE = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)  # Tuesday 09:00 in Seoul


@pytest.fixture
def settings_values() -> dict[str, object]:
    return {"webhook_private_addresses": True}


@pytest.fixture
def ctx(ctx: Context, channel: FakeChannel) -> Context:
    client = WebhookClient(seconds=5, allow_private=True)
    contact = f"mailto:postmaster@{ctx.settings.reply_domain}"
    pushing = PushChannel(client, keys=PushKeys(ctx.settings.keys), contact=contact, clock=ctx.clock)
    return replace(ctx, channels={EMAIL: channel, PUSH: pushing})


def add_device(ctx: Context, service: PushService, member: Member, token: str = "") -> tuple[Browser, Device, str]:
    """A browser in which the member is signed in, and asked to be shown their news: it, the device, the session."""
    browser, subscription = service.subscribe(push_key(ctx))
    token = token or demo_session(ctx, member.id)
    device = keep_device(ctx, viewer_of_member(member), token, subscription, client="Firefox, Linux")
    return browser, device, token


def choose(ctx: Context, company: Company, **other: object) -> None:
    """Jun: pushes of everything within 09-18 on weekdays, unless told otherwise."""
    values: dict[str, object] = {"on": [PUSH], "kinds": {PUSH: list(NewsKind)}, "hours": NINE_TO_SIX}
    save_preferences(ctx, company.as_jun, **{**values, **other})  # type: ignore[arg-type]


def titles(browser: Browser) -> list[str]:
    return [pushed.told["title"] for pushed in browser.pushed]


@both_databases
def test_a_message_at_night_rings_the_bell_and_is_pushed_when_the_hours_begin(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, service: PushService
) -> None:
    """NH-P3's check: 02:00 with hours 09-18: bell yes, push at no time before 09:00; never what somebody wrote."""
    mina = make_applicant(ctx, company)
    browser, _, _ = add_device(ctx, service, company.jun)
    choose(ctx, company)
    clock.now = TWO_AT_NIGHT
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="I cannot sleep"))
    pump()
    assert [one.news.kind for one in read_bell(ctx, company.as_jun)[0]] == [NewsKind.MESSAGE]
    while clock.now < NINE:
        assert service.calls == []
        clock.move(minutes=20)
        pump()
    (pushed,) = browser.pushed
    assert pushed.told["title"] == "Mina Han wrote"
    assert pushed.told["body"] == "Product Designer"
    assert pushed.told["path"].startswith(f"/desk/t/{mina.thread_id}#msg-")
    assert "sleep" not in str(pushed.told)
    assert (pushed.ttl, pushed.contact) == (9 * 3600, "mailto:postmaster@reply.example.test")
    clock.move(days=1)
    pump()
    assert len(service.calls) == 1


@both_databases
def test_a_push_waits_for_no_device_beyond_the_hours(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, service: PushService
) -> None:
    """NH-P3: a computer that is opened at 22:00 must not show then what was pushed at 17:59."""
    mina = make_applicant(ctx, company)
    browser, _, _ = add_device(ctx, service, company.jun)
    choose(ctx, company)
    clock.now = datetime(2026, 11, 23, 8, 59, tzinfo=UTC)  # Monday 17:59 in Seoul
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Just in time"))
    pump()
    choose(ctx, company, hours=None)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="At any time"))
    pump()
    assert [pushed.ttl for pushed in browser.pushed] == [60, 86_400]


@both_databases
def test_what_is_tried_again_keeps_to_the_hours_and_to_what_the_push_service_asks(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, service: PushService
) -> None:
    """RFC 8030 §8.4: 429 and Retry-After. The next try would fall outside the hours, so it waits for the morning."""
    mina = make_applicant(ctx, company)
    browser, _, _ = add_device(ctx, service, company.jun)
    choose(ctx, company)
    clock.now = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)  # Monday 17:40 in Seoul
    service.plan += [say(429, Retry_After="600"), say(500)]
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Hello"))
    pump()
    clock.move(minutes=9)
    pump()
    assert len(service.calls) == 1
    clock.move(minutes=1)
    pump()
    assert len(service.calls) == 2
    clock.move(minutes=30)
    pump()
    assert len(service.calls) == 2
    clock.now = NINE
    pump()
    assert titles(browser) == ["Mina Han wrote"]


@both_databases
def test_kinds_and_ways_are_chosen_and_each_is_off_until_it_is_asked_for(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, service: PushService
) -> None:
    """NH-P3: each on or off. The first device switches the way on; later ones do not undo a choice."""
    mina = make_applicant(ctx, company)
    assert PUSH not in read_preferences(ctx, company.as_jun)[0].on
    browser, device, token = add_device(ctx, service, company.jun)
    assert read_preferences(ctx, company.as_jun)[0].on == {EMAIL, PUSH}
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Hello"))
    pump()
    send(ctx, company.as_ara, mina.thread_id, NewMessage(text="@Jun <look>", kind=MessageKind.NOTE))
    pump()
    assert titles(browser) == ["Mina Han wrote", "Ara Kim mentioned you in a note about Mina Han"]
    assert len(channel.to(JUN)) == 2  # mail is as it was
    assert "look" not in str(browser.pushed)
    choose(ctx, company, hours=None, kinds={PUSH: [NewsKind.ASSIGNED]})
    send(ctx, company.as_ara, mina.thread_id, NewMessage(text="@Jun again", kind=MessageKind.NOTE))
    organise(ctx, company.as_ara, [mina.thread_id], Assign(company.jun.id))
    pump()
    assert titles(browser)[2:] == ["Ara Kim assigned the conversation with Mina Han to you"]
    choose(ctx, company, on=[EMAIL], hours=None)
    held = device.subscription
    keep_device(ctx, company.as_jun, token, held, client="Firefox, Linux", device_id=device.id)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Once more"))
    pump()
    assert len(browser.pushed) == 3


@both_databases
def test_pushes_of_one_conversation_replace_each_other_and_many_are_one(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, service: PushService
) -> None:
    """RFC 8030 §5.4: a topic for each conversation. What waited comes as one push, as it does by mail."""
    mina = make_applicant(ctx, company)
    anna = make_applicant(ctx, company, external_id="anna-1", name="Anna Berg", email="anna@mail.example")
    browser, _, _ = add_device(ctx, service, company.jun)
    choose(ctx, company, hours=None)
    for view in (mina, anna, mina):
        post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text="Hello"))
        pump()
    first, other, again = browser.pushed
    assert first.topic == again.topic == again.told["tag"] != other.topic
    assert mina.thread_id not in first.topic  # the push service learns no id of ours
    choose(ctx, company)
    clock.now = TWO_AT_NIGHT
    for view in (mina, anna, mina):
        post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text="Hello"))
    clock.now = NINE
    pump()
    summary = browser.pushed[3].told
    assert (summary["title"], summary["path"]) == ("Mina Han, Anna Berg", "/desk/bell")
    assert summary["body"] == "Mina Han: 2 new messages\nAnna Berg wrote"
    assert len(browser.pushed) == 4


@both_databases
def test_every_device_is_told_and_one_that_is_gone_is_forgotten(
    ctx: Context, company: Company, pump: Pump, service: PushService
) -> None:
    """RFC 8030 §7.3: 404 and 410 end a subscription; the others go on."""
    mina = make_applicant(ctx, company)
    browsers = [add_device(ctx, service, company.jun)[0] for _ in range(3)]
    browsers[0].gone, browsers[1].gone = 410, 404
    assert len(list_devices(ctx, company.as_jun)) == 3
    for text in ("One", "Two"):
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=text))
        pump()
    assert [len(b.pushed) for b in browsers] == [0, 0, 2]
    assert len(service.calls) == 4
    assert [d.subscription.endpoint for d in list_devices(ctx, company.as_jun)] == [service.url + browsers[2].path]


@both_databases
def test_a_device_is_silent_once_its_session_ends_and_goes_on_with_the_next(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, service: PushService
) -> None:
    """Signed out, signed out from elsewhere, or at the end of its days; then signed in again in the same browser."""
    jun, mina = company.as_jun, make_applicant(ctx, company)
    browser, device, token = add_device(ctx, service, company.jun)

    def hears() -> bool:
        before = len(browser.pushed)
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Hello"))
        pump()
        return len(browser.pushed) > before

    def sign_in_again() -> str:
        token = demo_session(ctx, company.jun.id)
        keep_device(ctx, jun, token, device.subscription, client="Firefox, Linux", device_id=device.id)
        return token

    assert hears()
    sign_out(ctx, token)
    assert not hears()
    assert list_devices(ctx, jun) == []
    sign_in_again()
    assert hears()
    end_other_sessions(ctx, jun, demo_session(ctx, company.jun.id))
    assert not hears()
    sign_in_again()
    assert hears()
    assert [d.since for d in list_devices(ctx, jun)] == [device.since]
    clock.move(days=ctx.settings.session_days)
    assert not hears()
    assert forget_old_devices(ctx) == 0
    clock.move(days=90)
    assert forget_old_devices(ctx) == 1


@both_databases
def test_a_device_is_its_members_alone(ctx: Context, company: Company, pump: Pump, service: PushService) -> None:
    """Removed ones do not come back by themselves; who signs in next in the same browser takes nothing over."""
    jun, ara, mina = company.as_jun, company.as_ara, make_applicant(ctx, company)
    browser, device, token = add_device(ctx, service, company.jun)
    for act in (find_device, remove_device, send_test_push):
        with pytest.raises(NotFound):
            act(ctx, ara, device.id)
    her_token = demo_session(ctx, company.ara.id)
    with pytest.raises(NotFound):
        keep_device(ctx, ara, her_token, device.subscription, client="", device_id=device.id)
    hers = keep_device(ctx, ara, her_token, device.subscription, client="")  # she asks for it herself
    assert list_devices(ctx, jun) == []
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Hello"))
    pump()
    assert len(browser.pushed) == 1
    remove_device(ctx, ara, hers.id)
    with pytest.raises(NotFound):
        keep_device(ctx, ara, her_token, device.subscription, client="", device_id=hers.id)
    _, theirs, _ = add_device(ctx, service, company.jun, token)
    set_active(ctx, ara, company.jun.id, active=False)
    set_active(ctx, ara, company.jun.id, active=True)
    with pytest.raises(NotFound):
        find_device(ctx, jun, theirs.id)


@both_databases
def test_of_who_was_erased_meanwhile_nothing_is_pushed(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, service: PushService
) -> None:
    mina = make_applicant(ctx, company)
    add_device(ctx, service, company.jun)
    choose(ctx, company)
    clock.now = TWO_AT_NIGHT
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Hello"))
    erase_applicant(ctx, company.as_jun, mina.thread_id)
    clock.now = NINE
    pump()
    assert service.calls == []


def test_a_test_comes_at_once_and_at_any_hour(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, service: PushService
) -> None:
    browser, device, _ = add_device(ctx, service, company.jun)
    other, _, _ = add_device(ctx, service, company.jun)
    choose(ctx, company)
    clock.now = TWO_AT_NIGHT
    send_test_push(ctx, company.as_jun, device.id)
    pump()
    assert (titles(browser), titles(other)) == (["Notifications work on this device"], [])
    for _ in range(9):
        send_test_push(ctx, company.as_jun, device.id)
    with pytest.raises(Conflict):
        send_test_push(ctx, company.as_jun, device.id)


def test_after_the_secret_key_is_changed_devices_go_on(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, service: PushService
) -> None:
    """The earlier key is signed with as long as it is named; without it the device is forgotten."""
    mina = make_applicant(ctx, company)
    browser, device, token = add_device(ctx, service, company.jun)

    def with_keys(new: str, *old: str) -> Context:
        changed = {"secret_key": SecretStr(new), "old_secret_keys": [SecretStr(k) for k in old]}
        settings = ctx.settings.model_copy(update=changed)
        client, keys = WebhookClient(seconds=5, allow_private=True), PushKeys(settings.keys)
        pushing = PushChannel(client, keys=keys, contact="mailto:a@b.example", clock=ctx.clock)
        return replace(ctx, settings=settings, push_keys=keys, channels={EMAIL: channel, PUSH: pushing})

    def hears(then: Context) -> bool:
        before = len(browser.pushed)
        message = NewMessage(text="@Jun", kind=MessageKind.NOTE)
        send(then, company.as_ara, mina.thread_id, message)
        Pump(then)()
        return len(browser.pushed) > before

    new = "another secret key that is long enough"
    rotated = with_keys(new, ctx.settings.secret_key.get_secret_value())
    assert push_key(rotated) != push_key(ctx)
    assert hears(rotated)
    keep_device(rotated, company.as_jun, token, device.subscription, client="", device_id=device.id)
    lost = with_keys(new)
    assert not hears(lost)
    assert list_devices(lost, company.as_jun) == []
    with pytest.raises(Invalid):
        keep_device(lost, company.as_jun, token, device.subscription, client="")


def test_only_a_sound_subscription_at_a_public_address_is_taken(
    ctx: Context, company: Company, service: PushService
) -> None:
    """docs/reliability.md test 58: https, and no inner address."""
    _, good = service.subscribe(push_key(ctx))
    closed = replace(ctx, settings=ctx.settings.model_copy(update={"webhook_private_addresses": False}))
    token = demo_session(ctx, company.jun.id)
    wrong: list[tuple[Context, Subscription]] = [
        (closed, good),
        (closed, replace(good, endpoint="https://127.0.0.1/push")),
        (closed, replace(good, endpoint="https://[fd00::1]/push")),
        (ctx, replace(good, endpoint="ftp://push.example/1")),
        (ctx, replace(good, endpoint="https://push.example/" + "a" * 2000)),
        (ctx, replace(good, endpoint="https://push.example/é")),
        (ctx, replace(good, endpoint="")),
        (ctx, replace(good, p256dh=good.auth)),
        (ctx, replace(good, auth="c2hvcnQ")),
        (ctx, replace(good, vapid=good.p256dh)),
    ]
    for where, subscription in wrong:
        with pytest.raises(Invalid):
            keep_device(where, company.as_jun, token, subscription, client="")
    assert list_devices(ctx, company.as_jun) == []
    keep_device(closed, company.as_jun, token, replace(good, endpoint="https://push.example/1"), client="")


def test_of_very_many_devices_the_oldest_give_way(
    ctx: Context, company: Company, clock: FakeClock, service: PushService
) -> None:
    token = demo_session(ctx, company.jun.id)
    made = []
    for _ in range(22):
        made.append(add_device(ctx, service, company.jun, token)[1].id)
        clock.move(seconds=1)
    assert [d.id for d in list_devices(ctx, company.as_jun)] == made[2:]
