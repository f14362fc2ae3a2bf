"""Replay: what would be read now beside what was read then, one by one or many (DESIGN §4.3, P4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cast import MINA, STRANGER, Company, make_mail
from fakes import DirectReader, FakeChannel, FakeClock, FakeProver
from running import Pump, both_databases

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from flows.test_mail_rules import entries
from gateway import operate
from gateway.config import Settings
from gateway.operate import Which, replay_entries
from gateway.threads.incoming import IncomingMail, Proof, ReadMail, SplitReply
from gateway.threads.model import InboxState
from gateway.usecases.change_stage import change_stage
from gateway.usecases.compare_reading import compare_reading
from gateway.usecases.context import Context
from gateway.usecases.review_inbox import find_replayable, list_entries
from gateway.usecases.views import ApplicantView


class BrokenReader(DirectReader):
    """Yesterday's parser, which choked on every mail."""

    def read_mail(self, raw: bytes, known: Any = ()) -> ReadMail:
        return ReadMail(IncomingMail(defects=("unreadable: took longer than 20 s",)), SplitReply(""))

    def read_mails(self, mails: Any) -> list[ReadMail]:
        return [self.read_mail(raw) for raw, _ in mails]


@both_databases
def test_before_and_after_of_a_mail_that_could_not_be_read(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    address = address_of(ctx, mina)
    receive(ctx, make_mail("at last", to=address, files={"cv.txt": b"cv"}), to=address, from_=MINA)
    Pump(replace(ctx, reader=BrokenReader()))()
    (entry,) = list_entries(ctx, company.as_jun)[0]
    found = compare_reading(ctx, company.as_jun, entry.id)
    assert (found.then.state, found.then.words) == ("failed", "")
    assert found.now is not None
    assert (found.now.state, found.now.words, found.now.files) == ("threaded", "at last", ("cv.txt",))
    assert {"state", "words", "files", "sender"} <= set(found.changed)
    pump()
    assert entries(ctx, company) == [("failed", "unreadable")]
    assert texts(ctx, company, mina) == []
    assert channel.sent == []


def test_a_mail_that_is_read_the_same_has_no_difference(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    address = address_of(ctx, mina)
    receive(ctx, make_mail("who am I?", from_=STRANGER, to=address), to=address, from_=STRANGER)
    receive(ctx, make_mail("hello", to=address), to=address, from_=MINA)
    pump()
    (held,) = list_entries(ctx, company.as_jun)[0]
    (threaded,) = list_entries(ctx, company.as_jun, state="threaded")[0]
    for entry in (held, threaded):
        assert compare_reading(ctx, company.as_jun, entry.id).changed == ()


def test_the_words_of_a_refused_mail_stay_hidden(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    address = address_of(ctx, mina)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, make_mail("but why?", to=address), to=address, from_=MINA)
    pump()
    (entry,) = list_entries(ctx, company.as_jun, state="refused")[0]
    found = compare_reading(ctx, company.as_jun, entry.id)
    assert found.now is not None
    assert found.then.words == found.now.words == ""
    assert entry.words == ""


def test_many_are_found_by_state_reason_and_time(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, prover: FakeProver, clock: FakeClock
) -> None:
    address = address_of(ctx, mina)
    prover.proof = Proof.NONE
    for day in range(3):
        receive(ctx, make_mail(f"day {day}", to=address), to=address, from_=MINA)
        clock.move(days=1)
    receive(ctx, make_mail("other", from_=STRANGER, to=address), to=address, from_=STRANGER)
    pump()
    start = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert len(find_replayable(ctx, state=InboxState.HELD)) == 4
    assert len(find_replayable(ctx, reason="unproven_sender")) == 3
    assert len(find_replayable(ctx, reason="unproven_sender", since=start + timedelta(hours=1))) == 2
    assert len(find_replayable(ctx, until=start + timedelta(hours=1))) == 1
    assert find_replayable(ctx, state=InboxState.FAILED) == []


def test_the_command_says_what_would_change_and_then_changes_it(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    pump: Pump,
    prover: FakeProver,
    gateway_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = address_of(ctx, mina)
    prover.proof = Proof.NONE
    for number in range(2):
        receive(ctx, make_mail(f"number {number}", to=address), to=address, from_=MINA)
    pump()
    prover.proof = Proof.ALIGNED
    monkeypatch.setattr(operate, "build_context", lambda settings, **_: ctx)
    monkeypatch.setattr(operate, "close_context", lambda ctx: None)
    assert replay_entries(gateway_settings, Which(reason="unproven_sender"), dry_run=True) == 0
    assert "2  held unproven_sender -> threaded ok" in capsys.readouterr().out
    assert texts(ctx, company, mina) == []
    assert replay_entries(gateway_settings, Which(state="held")) == 0
    assert texts(ctx, company, mina) == ["number 0", "number 1"]
    assert replay_entries(gateway_settings, Which(state="held")) == 1
    assert "No stored mail that can be replayed is like that." in capsys.readouterr().out
    assert replay_entries(gateway_settings, Which(reason="unprovn")) == 1
    assert "There is no reason unprovn: docs/reasons.md lists them." in capsys.readouterr().out
    assert replay_entries(gateway_settings, Which(state="threaded")) == 2
    assert replay_entries(gateway_settings, Which()) == 1
    assert "give an entry's id" in capsys.readouterr().out
