"""Mail that no person wrote, floods, and when we may answer by ourselves (GW-5, GW-6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.threads.decisions import ALLOW, Reason, Verdict
from gateway.threads.incoming import Address, Automatic, IncomingMail
from gateway.threads.policies.loops import check_automatic, check_rate, may_answer

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
JANA = "jana@post.example"
OURS = ("reply.gateway.example",)


def mail(
    sender: str = JANA, automatic: Automatic = Automatic.NO, message_id: str = "1@post.example", **headers: str
) -> IncomingMail:
    return IncomingMail(
        message_id=message_id,
        from_=(Address("", sender),),
        automatic=automatic,
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
    )


@pytest.mark.parametrize(
    ("incoming", "envelope_from", "reason"),
    [
        (mail(), JANA, Reason.OK),
        (mail(automatic=Automatic.REPLY), JANA, Reason.AUTOMATIC_REPLY),
        (mail(automatic=Automatic.BOUNCE), "", Reason.BOUNCE),
        (mail(automatic=Automatic.BULK), JANA, Reason.BULK_MAIL),
        (mail(), "", Reason.AUTOMATIC_REPLY),
        (mail(), "<>", Reason.AUTOMATIC_REPLY),
        (mail("MAILER-DAEMON@post.example"), JANA, Reason.BOUNCE),
        (mail(), "mailer-daemon@post.example", Reason.BOUNCE),
        (mail(), "MAILER-DAEMON", Reason.BOUNCE),
        (mail(X_Gateway_Origin="1"), JANA, Reason.OWN_MAIL),
        (mail(x_gateway_origin="1"), "", Reason.OWN_MAIL),
        (mail(message_id="01h@reply.gateway.example"), JANA, Reason.OWN_MAIL),
        (mail(message_id="<01h@Reply.Gateway.EXAMPLE>"), JANA, Reason.OWN_MAIL),
        (mail(message_id="01h@reply.gateway.example", automatic=Automatic.REPLY), "", Reason.OWN_MAIL),
        (mail(message_id="01h@reply.gateway.example", automatic=Automatic.BOUNCE), "", Reason.BOUNCE),
        (mail(message_id="01h@evil-reply.gateway.example"), JANA, Reason.OK),
        (mail(message_id="01h@reply.gateway.example.evil.example"), JANA, Reason.OK),
        (mail(message_id=""), JANA, Reason.OK),
        (mail("mailer@post.example"), "daemon.fan@post.example", Reason.OK),
    ],
)
def test_what_machines_write_is_never_a_message(incoming: IncomingMail, envelope_from: str, reason: Reason) -> None:
    """Reliability 30."""
    decision = check_automatic(incoming, envelope_from, own_domains=OURS)
    assert decision.reason is reason
    assert decision.verdict is (Verdict.ALLOW if reason is Reason.OK else Verdict.IGNORE)


@pytest.mark.parametrize(
    ("recent", "limit", "held"), [(0, 1, False), (1, 1, True), (9, 10, False), (10, 10, True), (999, 0, False)]
)
def test_a_flood_is_held(recent: int, limit: int, held: bool) -> None:
    decision = check_rate(recent, limit=limit)
    assert decision.reason is (Reason.TOO_MANY if held else Reason.OK)
    assert decision.verdict is (Verdict.HOLD if held else Verdict.ALLOW)


def answer(incoming: IncomingMail, envelope_from: str = JANA, last: datetime | None = None) -> bool:
    return may_answer(incoming, envelope_from, last_answer_at=last, now=NOW)


def test_a_person_is_answered() -> None:
    assert answer(mail())
    assert answer(mail(Auto_Submitted="no"))
    assert answer(mail(Precedence="first-class"))
    assert answer(mail(X_Auto_Response_Suppress="DR, RN, NRN"))
    assert answer(mail("ownership@post.example"), "requester@post.example")


@pytest.mark.parametrize("kind", [Automatic.REPLY, Automatic.BOUNCE, Automatic.BULK])
def test_a_machine_is_never_answered(kind: Automatic) -> None:
    """Reliability 30."""
    assert not answer(mail(automatic=kind))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "<>",
        "jana",
        "MAILER-DAEMON@post.example",
        "postmaster@post.example",
        "no-reply@post.example",
        "noreply+1@post.example",
        "do_not_reply@post.example",
        "donotreply@post.example",
        "jobs-noreply@post.example",
        "owner-list@post.example",
        "list-owner@post.example",
        "List-Request@post.example",
        "list-bounces@post.example",
        "bounce+1=jana@post.example",
        "bounces@post.example",
        "listserv@post.example",
    ],
)
def test_addresses_behind_which_nobody_reads_are_never_answered(address: str) -> None:
    assert not answer(mail(), address)
    if "@" in address:
        assert not answer(mail(address))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied"),
        ("Auto-Submitted", "Auto-Generated; owner-email=x@y.example"),
        ("auto-submitted", "auto-replied (vacation)"),
        ("Precedence", "bulk"),
        ("Precedence", " List"),
        ("Precedence", "auto_reply"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Auto-Response-Suppress", "DR, AutoReply"),
        ("X-Auto-Response-Suppress", "OOF"),
        ("X-Autoreply", "yes"),
        ("X-Autorespond", "gone fishing"),
        ("List-Id", "<jobs.lists.example>"),
        ("List-Unsubscribe", "<mailto:x@lists.example>"),
        ("X-Gateway-Origin", "1"),
    ],
)
def test_headers_that_forbid_an_answer(name: str, value: str) -> None:
    assert not answer(IncomingMail(from_=(Address("", JANA),), headers=(("Subject", "x"), (name, value))))


def test_five_mails_in_an_hour_get_one_answer() -> None:
    """Reliability 30."""
    last: datetime | None = None
    answers = 0
    for minute in range(0, 60, 12):
        now = NOW + timedelta(minutes=minute)
        if may_answer(mail(), JANA, last_answer_at=last, now=now):
            last, answers = now, answers + 1
    assert answers == 1


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(hours=24), True),
        (timedelta(hours=24, seconds=-1), False),
        (timedelta(0), False),
        (timedelta(hours=-1), False),
    ],
)
def test_one_answer_in_24_hours(ago: timedelta, expected: bool) -> None:
    assert answer(mail(), last=NOW - ago) is expected


@given(
    st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.sampled_from(Automatic)
)
def test_every_mail_is_judged(sender: str, path: str, name: str, value: str, kind: Automatic) -> None:
    incoming = IncomingMail(message_id=value, from_=(Address("", sender),), automatic=kind, headers=((name, value),))
    decision = check_automatic(incoming, path, own_domains=OURS)
    assert decision == ALLOW or decision.verdict is Verdict.IGNORE
    if kind is not Automatic.NO:
        assert not decision.allowed
        assert not answer(incoming, path)
