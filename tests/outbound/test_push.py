"""Web push on the wire: who signs, who can read it, and what a push service's answers mean (RFC 8030, 8291, 8292)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from fakes import FakeClock
from simulators.push import MOST_BYTES, PushService, bytes_of, decrypt
from simulators.server import hang_up, say

from gateway.config import Settings
from gateway.outbound.ats import WebhookClient
from gateway.outbound.push import PushChannel
from gateway.outbound.registry import build_channels
from gateway.outbound.vapid import PushKeys
from gateway.threads.channel import Accepted, Failed, Outgoing, Retry, SendResult, Unknown
from gateway.threads.devices import ENDED, Subscription, topic_of
from gateway.threads.notifying import PUSH
from gateway.usecases.push_words import LONGEST_BODY, LONGEST_TITLE

SECRET, OLD = b"the secret key of an installation", b"the one that it had before, long ago"
KEY = PushKeys([SECRET]).public


@pytest.fixture
def service(clock: FakeClock) -> Iterator[PushService]:
    simulator = PushService(clock)
    yield simulator
    simulator.close()


@pytest.fixture
def channel(clock: FakeClock) -> PushChannel:
    return make_channel(clock)


def make_channel(
    clock: FakeClock, *, allow_private: bool = True, secrets: tuple[bytes, ...] = (SECRET,)
) -> PushChannel:
    client = WebhookClient(seconds=5, allow_private=allow_private)
    return PushChannel(client, keys=PushKeys(secrets), contact="mailto:postmaster@reply.example", clock=clock)


def push_for(subscription: Subscription, text: str = '{"title": "안녕"}') -> Outgoing:
    to = subscription.endpoint
    topic = topic_of(SECRET, "thread")
    return Outgoing("d", PUSH, to, text=text, subscription=subscription, topic=topic, seconds=600)


def test_the_simulator_reads_the_example_of_the_rfc() -> None:
    """RFC 8291 §5, Appendix A: so what it can read, a browser can."""
    body = (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    private = int.from_bytes(bytes_of("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    key = ec.derive_private_key(private, ec.SECP256R1())
    assert (
        decrypt(bytes_of(body), key, bytes_of("BTBZMqHH6r4Tts7J_aSIgg")) == b"When I grow up, I want to be a watermelon"
    )


def test_a_push_is_signed_and_only_its_browser_can_read_it(service: PushService, channel: PushChannel) -> None:
    """The simulator refuses what is not signed for it with the subscription's key, or without TTL and encoding."""
    browser, subscription = service.subscribe(KEY)
    other, _ = service.subscribe(KEY)
    assert isinstance(channel.send(push_for(subscription)), Accepted)
    (pushed,) = browser.pushed
    assert pushed.told == {"title": "안녕"}
    assert (pushed.ttl, pushed.contact) == (600, "mailto:postmaster@reply.example")
    assert pushed.topic == topic_of(SECRET, "thread") != topic_of(SECRET, "another thread")
    (call,) = service.posts()
    assert b"title" not in call.raw
    with pytest.raises(InvalidTag):
        decrypt(call.raw, other.key, other.auth)


def test_what_a_push_service_answers(service: PushService, channel: PushChannel) -> None:
    """Gone is gone (RFC 8030 §7.3); what passes is tried again, no sooner than it asks; each by its code."""
    browser, subscription = service.subscribe(KEY)
    told = push_for(subscription)
    service.plan += [say(429, Retry_After="30"), say(503, Retry_After="90"), say(500), hang_up(), say(413), say(403)]

    def answer() -> tuple[type[SendResult], str, float | None]:
        result = channel.send(told)
        return type(result), getattr(result, "code", ""), getattr(result, "after", None)

    assert answer() == (Retry, "rate", 30)
    assert answer() == (Retry, "away", 90)
    assert answer() == (Retry, "away", None)
    assert answer()[0] is Unknown
    assert answer() == (Failed, "too_large", None)
    assert answer() == (Failed, "refused", None)
    for status in (404, 410):
        browser.gone = status
        assert answer() == (Failed, ENDED, None)
    service.close()
    assert answer() == (Retry, "connect", None)
    assert browser.pushed == []


def test_a_push_service_is_never_reached_at_an_inner_address(service: PushService, clock: FakeClock) -> None:
    """The endpoint is what a member's browser, or somebody in its name, sent (docs/reliability.md test 58)."""
    _, subscription = service.subscribe(KEY)
    result = make_channel(clock, allow_private=False).send(push_for(subscription))
    assert isinstance(result, Failed)
    assert result.code == "address_refused"
    assert service.calls == []


def test_a_token_for_one_push_service_is_worth_nothing_at_another(
    service: PushService, channel: PushChannel, clock: FakeClock
) -> None:
    """RFC 8292 §2: it names its push service, and ends within a day; §4.2: another key is refused."""
    _, subscription = service.subscribe(KEY)
    assert isinstance(channel.send(push_for(subscription)), Accepted)
    headers, body = dict(service.calls[0].headers), service.calls[0].raw
    assert service.answer(service.calls[0])[0] == 201
    clock.move(hours=25)
    assert service.answer(service.calls[0])[0] == 403
    clock.move(hours=-25)
    elsewhere = PushService(clock)
    twin, _ = elsewhere.subscribe(KEY)
    client = WebhookClient(seconds=5, allow_private=True)
    assert client.post(elsewhere.url + twin.path, headers=headers | {"host": "x"}, body=body).status == 403
    elsewhere.close()
    wrong, other = service.subscribe(PushKeys([OLD]).public)
    assert isinstance(channel.send(push_for(replace(other, vapid=KEY))), Failed)
    assert wrong.pushed == []


def test_the_key_follows_from_the_secret_key_and_an_earlier_one_still_serves(
    service: PushService, clock: FakeClock
) -> None:
    """Nothing to set, nothing to lose: it is the same after a restart and in every version of the gateway. A device
    keeps the key that it was registered with.
    """
    assert KEY == "BN-yeiH2errQbxc2Z5h2tiFNmkPgNAgF9YPv8bVSHKUKrqSmdEXEIFk8iZG0cCl43u6HKPfJMpcrXbe1AC7c-cg"
    browser, subscription = service.subscribe(PushKeys([OLD]).public)
    told = push_for(subscription)
    assert isinstance(make_channel(clock, secrets=(SECRET, OLD)).send(told), Accepted)
    assert len(browser.pushed) == 1
    forgotten = make_channel(clock).send(told)
    assert isinstance(forgotten, Failed)
    assert forgotten.code == ENDED  # nothing can ever be sent there: the device is removed


def test_the_longest_words_fit_into_one_push(service: PushService, channel: PushChannel) -> None:
    """RFC 8291 §4: push services need take no more than 4096 bytes."""
    browser, subscription = service.subscribe(KEY)
    worst = "\x01"  # six bytes in JSON
    shown = {
        "title": worst * LONGEST_TITLE,
        "body": worst * LONGEST_BODY,
        "path": "/desk/t/" + "a" * 26 + "#msg-" + "a" * 26,
    }
    text = json.dumps({**shown, "tag": "t" * 32, "lang": "en"}, ensure_ascii=False)
    assert isinstance(channel.send(push_for(subscription, text)), Accepted)
    assert len(service.posts()[0].raw) <= MOST_BYTES
    assert browser.pushed[0].told["body"] == worst * LONGEST_BODY


def test_keys_that_are_none_are_recognised() -> None:
    keys = PushKeys([SECRET, OLD])
    good = Subscription("https://push.example/1", KEY, "MDEyMzQ1Njc4OWFiY2RlZg", KEY)
    assert keys.fit(good)
    for wrong in (
        {"p256dh": KEY[:-4]},
        {"p256dh": "B" + "A" * 86},
        {"p256dh": "ü"},
        {"auth": "c2hvcnQ"},
        {"auth": ""},
        {"vapid": ""},
    ):
        assert not keys.fit(replace(good, **wrong))


def test_every_installation_can_push(gateway_settings: Settings, clock: FakeClock) -> None:
    channels = build_channels(gateway_settings.model_copy(update={"outbound_smtp_url": "mailbox:"}), clock=clock)
    assert channels[PUSH].name == PUSH
