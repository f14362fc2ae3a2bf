"""What the team is told about a mail beside its words: encrypted, signed, no more advertising (SJ-7, GW-5)."""

from __future__ import annotations

import json

import pytest
from cast import MINA, Company, consents_of, make_mail
from fakes import FakeChannel
from running import Pump

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from gateway.threads.consents import ConsentKind
from gateway.threads.policies.unsubscribe import asks_to_unsubscribe
from gateway.threads.purpose import Purpose
from gateway.usecases import consents
from gateway.usecases.context import Context
from gateway.usecases.export import gather_export
from gateway.usecases.reach import NEW_MESSAGE, find_reach
from gateway.usecases.read_thread import read_page
from gateway.usecases.views import ApplicantView

ENCRYPTED = (
    "From: Mina Han <{from_}>\r\nTo: {to}\r\nSubject: Re: Interview\r\nMessage-ID: <{name}@mail.example>\r\n"
    "{more}Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nMIIBsecretsecret\r\n"
)


def chips(ctx: Context, company: Company, view: ApplicantView) -> list[tuple[str, str]]:
    happenings = read_page(ctx, company.as_jun, view.thread_id).happenings
    return [(h.name, h.data.get("how") or h.data.get("channel", "")) for h in happenings]


def encrypted(to: str, name: str, *, more: str = "") -> bytes:
    return ENCRYPTED.format(from_=MINA, to=to, name=name, more=more).encode()


def test_an_encrypted_mail_is_named_and_its_writer_is_asked_for_plain_text_once(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    address = address_of(ctx, mina)
    for name in ("one", "two"):
        receive(ctx, encrypted(address, name), to=address, from_=MINA)
        pump()
    assert chips(ctx, company, mina) == [("inbox.protected", "encrypted")] * 2
    (asked,) = channel.to(MINA)
    assert "encrypted" in asked.text
    assert (asked.automatic, asked.envelope_from, asked.in_reply_to) == ("auto-replied", "", "one@mail.example")


def test_nobody_is_asked_who_wants_no_automatic_answers(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    address = address_of(ctx, mina)
    receive(ctx, encrypted(address, "one", more="X-Auto-Response-Suppress: All\r\n"), to=address, from_=MINA)
    pump()
    assert chips(ctx, company, mina) == [("inbox.protected", "encrypted")]
    assert channel.to(MINA) == []


def test_who_writes_stop_gets_no_more_advertising_and_keeps_all_other_mail(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    consents.give_consent(ctx, company.ats, "mina-1", ConsentKind.EMAIL, words="I want to hear of new openings.")
    address = address_of(ctx, mina)
    receive(ctx, make_mail("STOP", to=address), to=address, from_=MINA)
    pump()
    (consent,) = consents_of(ctx, company, "mina-1")
    assert consent.withdrawn_by == "mail"
    exported = json.loads(dict(gather_export(ctx, company.ats, mina.thread_id))["thread.json"])
    assert [c["withdrawn_by"] for c in exported["consents"]] == ["mail"]
    assert texts(ctx, company, mina) == ["STOP"]
    assert chips(ctx, company, mina) == [("candidate.opted_out", "email")]
    with ctx.database.read() as tx:
        conversation = tx.threads.load(mina.thread_id)
        assert conversation is not None
        barred = [
            find_reach(ctx, tx, conversation, notice=NEW_MESSAGE, purpose=purpose).barred
            for purpose in (Purpose.ADVERTISING, Purpose.TRANSACTIONAL)
        ]
    assert ["email" in by for by in barred] == [True, False]


def test_a_mail_without_words_asks_by_its_subject(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    address = address_of(ctx, mina)
    receive(ctx, make_mail("", to=address, subject="unsubscribe"), to=address, from_=MINA)
    pump()
    assert texts(ctx, company, mina) == ["unsubscribe"]
    assert chips(ctx, company, mina) == [("candidate.opted_out", "email")]


@pytest.mark.parametrize(
    "words",
    [
        "Unsubscribe",
        " stop. ",
        "수신거부",
        "수신 거부",
        "Odhlásit odběr",
        "отпишите меня!",
        "Avregistrera mig",
        "abmelden",
        "配信停止",
        "退订",
        "désabonner",
        "darse de baja",
        "Wypisz mnie",
    ],
)
def test_these_words_ask(words: str) -> None:
    assert asks_to_unsubscribe("Re: Interview", words)
    assert asks_to_unsubscribe(words, " \n")


@pytest.mark.parametrize(
    "words",
    ["Please stop the process, I found a job.", "Stop by at ten?", "unsubscribe\nAnd when is the interview?", "", "네"],
)
def test_messages_do_not_ask(words: str) -> None:
    assert not asks_to_unsubscribe("Interview", words)
    assert not asks_to_unsubscribe("unsubscribe", words or "Hello")
