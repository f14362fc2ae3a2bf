"""What every channel promises the core, mail and phones alike (`threads.channel`): one contract, each adapter against
a server that speaks its provider's protocol. reliability 64, 68."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from mail_servers import DOMAIN, NOW, OUTGOING, FaultServer, free_port
from provider_kit import (
    ABROAD,
    ALIMTALK,
    ATA,
    CLOCK,
    SMS,
    make_alimtalk,
    make_nhn_sms,
    make_solapi,
    make_twilio,
    nowhere,
)
from simulators import nhn, solapi, twilio
from simulators.server import Simulator, hang_up, lose_answer, say

from gateway.outbound.mail import MailChannel
from gateway.outbound.phonebox import PhoneBox, PhoneBoxChannel
from gateway.outbound.sms import SmsRouter
from gateway.outbound.smtp_client import Relay, Tls
from gateway.threads.channel import (
    Absent,
    Accepted,
    Channel,
    Failed,
    Outgoing,
    Receipt,
    Retry,
    Sent,
    TraceableChannel,
    Unknown,
)


@dataclass
class Rig:
    """A channel, an ordinary message for it, and ways to make its other side misbehave."""

    channel: Channel
    outgoing: Outgoing
    arrived: Callable[[], int]
    unreachable: Channel
    lose: Callable[[], None] | None  # takes the message, and its answer is lost
    refuse: Callable[[], None]  # a definite no to this recipient
    hold: Callable[[], None] | None  # not now


def http_rig(server: Any, make: Callable[[str], Any], outgoing: Outgoing, refuse: Callable[[], None]) -> Rig:
    return Rig(
        make(server.url),
        outgoing,
        lambda: len(server.messages),
        make(nowhere()),
        lambda: server.plan.append(lose_answer()),
        refuse,
        lambda: server.plan.append(say(429, {}, Retry_After="7")),
    )


@pytest.fixture
def servers() -> Iterator[list[Any]]:
    started: list[Any] = []
    yield started
    for server in started:
        server.close()


def start(servers: list[Any], server: Any) -> Any:
    servers.append(server)
    return server


def make_rig(name: str, servers: list[Any], folder: Path) -> Rig:
    number = "01012345678"
    if name == "nhn.alimtalk":
        server = start(servers, nhn.Nhn(clock=lambda: CLOCK))
        return http_rig(server, make_alimtalk, ALIMTALK, lambda: server.refused.update({number: "-5000"}))
    if name == "nhn.sms":
        server = start(servers, nhn.Nhn(clock=lambda: CLOCK))
        return http_rig(server, make_nhn_sms, SMS, lambda: server.refused.update({number: "-2019"}))
    if name == "router":
        server = start(servers, nhn.Nhn(clock=lambda: CLOCK))
        return http_rig(
            server,
            lambda url: SmsRouter(korea=make_nhn_sms(url), abroad=None),
            SMS,
            lambda: server.refused.update({number: "-2019"}),
        )
    if name in ("solapi.sms", "solapi.alimtalk"):
        server, kind = start(servers, solapi.SolapiServer(clock=lambda: CLOCK)), name.partition(".")[2]
        outgoing = SMS if kind == "sms" else ATA
        return http_rig(
            server, lambda url: make_solapi(url, kind), outgoing, lambda: server.refused.update({number: "1061"})
        )
    if name == "twilio":
        server = start(servers, twilio.TwilioServer(clock=lambda: CLOCK))
        return http_rig(server, make_twilio, ABROAD, lambda: server.refused.update({ABROAD.to: (400, 21614)}))
    if name == "phone":
        box = PhoneBox(folder / "phone")
        (folder / "file").write_text("")
        broken = PhoneBoxChannel(PhoneBox(folder / "file" / "x"), channel="alimtalk", clock=lambda: CLOCK)
        channel = PhoneBoxChannel(box, channel="alimtalk", clock=lambda: CLOCK)
        rig = Rig(
            channel, ALIMTALK, lambda: sum(not m.code for m in box.list_messages()), broken, None, lambda: None, None
        )
        rig.refuse = lambda: setattr(rig, "outgoing", replace(ALIMTALK, to="+821012345670"))
        return rig
    return mail_rig(servers)


def mail_rig(servers: list[Any]) -> Rig:
    server = start(servers, FaultServer({}))
    relay = Relay("localhost", server.port, Tls.OFFERED, DOMAIN, step_seconds=3.0, answer_seconds=3.0)
    away = replace(relay, port=free_port())
    return Rig(
        MailChannel(relay, domain=DOMAIN, clock=lambda: NOW),
        OUTGOING,
        lambda: len(server.ended),
        MailChannel(away, domain=DOMAIN, clock=lambda: NOW),
        lambda: server.script.update({"end": [b""]}),
        lambda: server.script.update({"RCPT": [b"550 5.1.1 nobody"]}),
        lambda: server.script.update({"RCPT": [b"450 4.2.1 later"]}),
    )


NAMES = ("mail", "phone", "nhn.alimtalk", "nhn.sms", "router", "solapi.alimtalk", "solapi.sms", "twilio")


@pytest.fixture(params=NAMES)
def rig(request: pytest.FixtureRequest, servers: list[Any], tmp_path: Path) -> Iterator[Rig]:
    built = make_rig(request.param, servers, tmp_path)
    yield built
    built.channel.close()
    built.unreachable.close()


def test_a_message_arrives_and_is_announced_before(rig: Rig) -> None:
    seen: list[int] = []
    result = rig.channel.send(rig.outgoing, handing_over=lambda: seen.append(rig.arrived()))
    assert isinstance(result, Accepted)
    assert result.provider_id
    assert seen == [0]
    assert rig.arrived() == 1


def test_who_cannot_be_reached_has_nothing_and_it_is_tried_again(rig: Rig) -> None:
    assert isinstance(rig.unreachable.send(rig.outgoing), Retry)


def test_a_definite_no_is_failed_with_its_code(rig: Rig) -> None:
    rig.refuse()
    result = rig.channel.send(rig.outgoing)
    assert isinstance(result, Failed)
    assert result.code
    assert result.why
    assert rig.arrived() == 0


def test_not_now_is_a_retry(rig: Rig) -> None:
    if rig.hold is None:
        pytest.skip("a folder is never busy")
    rig.hold()
    assert isinstance(rig.channel.send(rig.outgoing), Retry)
    assert rig.arrived() == 0


def test_a_lost_answer_is_unknown_never_a_retry(rig: Rig) -> None:
    """Reliability 64."""
    if rig.lose is None:
        pytest.skip("a folder loses no answer")
    rig.lose()
    assert isinstance(rig.channel.send(rig.outgoing), Unknown)
    assert rig.arrived() == 1


def test_what_was_lost_is_found_again_by_asking(rig: Rig) -> None:
    if not isinstance(rig.channel, TraceableChannel) or rig.lose is None:
        pytest.skip("mail cannot be asked")
    sent = Sent("01d", rig.outgoing.to, CLOCK, phone=rig.outgoing.phone, text=rig.outgoing.text)
    assert isinstance(rig.channel.trace(sent), Absent)
    rig.lose()
    rig.channel.send(rig.outgoing)
    found = rig.channel.trace(sent)
    assert isinstance(found, Receipt)
    assert found.provider_id
    again = rig.channel.trace(replace(sent, provider_id=found.provider_id))
    assert isinstance(again, Receipt)
    assert again.provider_id == found.provider_id


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("mail", "phone")])
@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (hang_up(), Unknown),
        (say(500, b"oops"), Unknown),
        (say(502, b"<html>"), Unknown),
        (say(503, b""), Retry),
        (say(401, {}), Retry),
        (say(200, b"not json"), Unknown),
        (say(200, []), Unknown),
        (say(200, {}), Unknown),
        (say(200, {"header": 1, "body": [], "message": None, "messageList": "x"}), Unknown),
    ],
)
def test_broken_answers_never_raise_and_never_look_like_success(
    name: str, trouble: Any, kind: type, servers: list[Any], tmp_path: Path
) -> None:
    """Reliability 68."""
    rig = make_rig(name, servers, tmp_path)
    server: Simulator = servers[0]
    server.plan.append(trouble)
    assert isinstance(rig.channel.send(rig.outgoing), kind)
    rig.channel.close()
    rig.unreachable.close()


def test_closing_twice_is_harmless(rig: Rig) -> None:
    rig.channel.close()
    rig.channel.close()
