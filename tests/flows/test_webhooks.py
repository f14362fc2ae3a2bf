"""Telling the ATS of events: in order, signed by both secrets, again when it fails, and nothing lost (peers §2.8)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cast import Company, make_applicant
from fakes import FakeClock
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from gateway.errors import Conflict, Invalid, NotFound
from gateway.store import tables as t
from gateway.threads.model import Viewer, ViewerKind
from gateway.threads.webhooks import LADDER, Answered, HookState, PostState, after_post, read_event_name
from gateway.usecases import webhooks
from gateway.usecases.applicants import put_applicant
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_applicant
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.push_events import events_after, find_webhook_work, forget_old_posts, push_events
from gateway.usecases.views import ApplicantView

URL = "https://ats.example.com/hooks"


@dataclass
class FakeAts:
    """Takes posts as the ATS would; `answer` decides what it says."""

    answer: Callable[[dict[str, Any]], Answered] = lambda _body: Answered(204)
    took: list[dict[str, Any]] = field(default_factory=list)
    tried: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[list[str]] = field(default_factory=list)

    def __call__(self, url: str, *, name: str, body: str, secrets: Sequence[str], now: datetime) -> Answered:
        content = json.loads(body)
        assert (url, name) == (URL, content["id"])
        self.tried.append(content)
        self.secrets.append(list(secrets))
        answered = self.answer(content)
        if answered.arrived:
            self.took.append(content)
        return answered

    def types(self) -> list[str]:
        return [body["type"] for body in self.took]


@pytest.fixture
def ats() -> FakeAts:
    return FakeAts()


@pytest.fixture
def told(ctx: Context, ats: FakeAts) -> Context:
    """The context of a process that posts."""
    return replace(ctx, post_event=ats)


def say(ctx: Context, company: Company, mina: ApplicantView, text: str = "Hello") -> None:
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text=text))


def push_all(ctx: Context) -> int:
    return sum(push_events(ctx, webhook_id) for webhook_id in find_webhook_work(ctx))


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_an_endpoint_hears_what_happens_after_it_was_added_in_order_and_once(
    told: Context, company: Company, mina: ApplicantView, ats: FakeAts
) -> None:
    say(told, company, mina, "before")
    hook, secret = webhooks.create_webhook(told, company.ats, url=URL)
    assert secret.startswith("whsec_")
    assert secret not in hook.secret
    say(told, company, mina, "after")
    change_stage(told, company.as_jun, mina.thread_id, "rejected")
    change_stage(told, company.as_jun, mina.thread_id, "restored")
    put_applicant(told, company.ats, "mina-1", opening="designer", name="Mina Han-Kim", email="mina@mail.example")
    assert push_all(told) == 6
    assert ats.types() == [
        "message.created", "thread.stage", "thread.blocked", "thread.stage", "thread.restored", "applicant.updated",
    ]  # fmt: skip
    assert ats.took[-1]["data"] | {"event_seq": 0} == {
        "thread_id": mina.thread_id,
        "applicant": "mina-1",
        "event_seq": 0,
        "changed": "name",
        "by": "Greenbox ATS",
    }
    assert ats.secrets[0] == [secret]
    assert push_all(told) == 0
    assert find_webhook_work(told) == []


def test_no_body_holds_what_people_wrote_or_their_addresses(
    told: Context, company: Company, mina: ApplicantView, ats: FakeAts
) -> None:
    webhooks.create_webhook(told, company.ats, url=URL)
    say(told, company, mina, "the salary is a secret")
    push_all(told)
    assert "salary" not in json.dumps(ats.took)
    assert "@" not in json.dumps(ats.took)


def test_the_pull_twin_gives_the_same_bodies_page_by_page(
    told: Context, company: Company, mina: ApplicantView, ats: FakeAts
) -> None:
    webhooks.create_webhook(told, company.ats, url=URL)
    for n in range(5):
        say(told, company, mina, str(n))
    push_all(told)
    start = f"evt_{read_event_name(ats.took[0]['id']) - 1}"
    pulled: list[str] = []
    after: str | None = start
    while after:
        found, after = events_after(told, company.ats, after=after, types=(), limit=2)
        pulled += [f"evt_{event.id}" for event, _ in found]
    assert pulled == [body["id"] for body in ats.took]
    with pytest.raises(Invalid):
        events_after(told, company.ats, after="evt_x", types=(), limit=2)


def test_only_the_wanted_events_are_posted(told: Context, company: Company, mina: ApplicantView, ats: FakeAts) -> None:
    webhooks.create_webhook(told, company.ats, url=URL, types=["thread.blocked"])
    say(told, company, mina)
    change_stage(told, company.as_jun, mina.thread_id, "rejected")
    push_all(told)
    assert ats.types() == ["thread.blocked"]


def test_a_threads_next_event_waits_for_the_one_before_but_other_threads_go_on(
    told: Context, company: Company, mina: ApplicantView, ats: FakeAts, clock: FakeClock
) -> None:
    other = make_applicant(told, company, external_id="noah", name="Noah", email="noah@mail.example")
    webhooks.create_webhook(told, company.ats, url=URL)
    ats.answer = lambda body: Answered(500 if body["data"]["applicant"] == "mina-1" else 200)
    say(told, company, mina, "1")
    say(told, company, mina, "2")
    say(told, company, other, "3")
    push_all(told)
    assert [b["data"]["applicant"] for b in ats.tried] == ["mina-1", "noah"]
    ats.answer = lambda _body: Answered(200)
    clock.move(seconds=LADDER[0] * 1.3)
    push_all(told)
    assert [b["data"]["seq"] for b in ats.took if b["data"]["applicant"] == "mina-1"] == [1, 2]


def test_a_dead_endpoint_is_left_alone_for_a_while_then_switched_off_with_a_mail_to_the_admins(
    told: Context, company: Company, mina: ApplicantView, ats: FakeAts, clock: FakeClock
) -> None:
    hook, _ = webhooks.create_webhook(told, company.ats, url=URL)
    ats.answer = lambda _body: Answered(0, "timeout")
    say(told, company, mina)
    for _ in range(20):
        push_all(told)
        clock.move(hours=12)
    status = webhooks.find_webhook(told, company.ats, hook.id)
    assert (status.hook.state, status.hook.reason, status.failed) == (HookState.DISABLED, "failing", 1)
    assert len(ats.tried) == len(LADDER) + 1
    with told.database.read() as tx:
        due = [tx.outbox.find(i) for i in tx.attempts.due(now=told.now, limit=10)]
    assert {d.to for d in due if d and d.notice_id} == {company.jun.email, company.ara.email}
    say(told, company, mina, "while it was off")
    assert push_all(told) == 0
    ats.answer = lambda _body: Answered(200)
    webhooks.update_webhook(told, company.ats, hook.id, state=HookState.ENABLED)
    assert push_all(told) == 1  # nothing was lost meanwhile …
    assert webhooks.replay_posts(told, company.ats, hook.id, since=None, event="", everything=False) == 1
    assert push_all(told) == 1  # … and what was given up can be replayed
    assert ats.types() == ["message.created", "message.created"]


def test_gone_switches_it_off_at_once(told: Context, company: Company, mina: ApplicantView, ats: FakeAts) -> None:
    hook, _ = webhooks.create_webhook(told, company.ats, url=URL)
    ats.answer = lambda _body: Answered(410)
    say(told, company, mina)
    push_all(told)
    assert webhooks.find_webhook(told, company.ats, hook.id).hook.reason == "gone"
    assert push_all(told) == 0


def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(
    told: Context, company: Company, mina: ApplicantView, ats: FakeAts, clock: FakeClock
) -> None:
    hook, first = webhooks.create_webhook(told, company.ats, url=URL)
    _, second = webhooks.rotate_secret(told, company.ats, hook.id)
    say(told, company, mina)
    push_all(told)
    clock.move(hours=25)
    say(told, company, mina)
    push_all(told)
    assert ats.secrets == [[second, first], [second]]


def test_two_processes_never_post_to_one_endpoint_at_a_time(
    told: Context, company: Company, mina: ApplicantView, ats: FakeAts
) -> None:
    hook, _ = webhooks.create_webhook(told, company.ats, url=URL)
    say(told, company, mina)
    inside: list[int] = []

    def meanwhile(_body: dict[str, Any]) -> Answered:
        inside.append(push_events(told, hook.id))
        return Answered(200)

    ats.answer = meanwhile
    assert push_events(told, hook.id) == 1
    assert inside == [0]


def test_an_erased_applicants_events_are_no_longer_told(
    told: Context, company: Company, mina: ApplicantView, ats: FakeAts
) -> None:
    hook, _ = webhooks.create_webhook(told, company.ats, url=URL)
    ats.answer = lambda _body: Answered(500)
    say(told, company, mina)
    push_all(told)
    erase_applicant(told, company.ats, mina.thread_id)
    found, _ = webhooks.list_posts(told, company.ats, hook.id, state=None, before=None, limit=10)
    assert found == []


def test_finished_posts_are_kept_a_month(
    told: Context, company: Company, mina: ApplicantView, ats: FakeAts, clock: FakeClock
) -> None:
    hook, _ = webhooks.create_webhook(told, company.ats, url=URL)
    say(told, company, mina)
    push_all(told)
    forget_old_posts(told)
    (post,), _ = webhooks.list_posts(told, company.ats, hook.id, state=PostState.DELIVERED, before=None, limit=10)
    assert (post.tries, post.code) == (1, "204")
    clock.move(days=31)
    forget_old_posts(told)
    assert webhooks.list_posts(told, company.ats, hook.id, state=None, before=None, limit=10) == ([], None)


def test_only_admins_and_the_ats_manage_endpoints(told: Context, company: Company) -> None:
    member = Viewer(ViewerKind.MEMBER, company.workspace.id, id="m", name="Guest")
    for act in (
        lambda: webhooks.list_webhooks(told, member),
        lambda: webhooks.create_webhook(told, member, url=URL),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Invalid):
        webhooks.create_webhook(told, company.ats, url="https://10.0.0.1/")
    for _ in range(webhooks.MOST):
        webhooks.create_webhook(told, company.ats, url=URL)
    with pytest.raises(Conflict):
        webhooks.create_webhook(told, company.ats, url=URL)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_on_postgresql_a_reader_waits_for_a_number_that_may_still_appear(
    told: Context, company: Company, mina: ApplicantView, clock: FakeClock
) -> None:
    """Two transactions take numbers; the younger one commits first. Nobody may go past the older one's event."""
    with told.database.read() as tx:
        head = tx.events.head()
    with told.database.begin() as slow:
        slow.events.append(mina.thread_id, company.workspace.id, "thread.stage", now=told.now, stage="a", by="x")
        slow.people.list_members(company.workspace.id)  # sends what was gathered: the number is taken
        other = make_applicant(told, company, external_id="noah", name="Noah", email="noah@mail.example")
        with told.database.read() as tx:
            assert tx.events.head() > head
            assert tx.events.settled(now=told.now) == head
    with told.database.read() as tx:
        assert tx.events.settled(now=told.now) == tx.events.head()
    assert other.thread_id
    with told.database.engine.begin() as connection:  # a number that was taken and never used
        seq = {"workspace_id": company.workspace.id, "thread_id": mina.thread_id, "seq": 90, "name": "x", "data": {}}
        connection.exec_driver_sql("SELECT nextval('events_id_seq')")
        connection.execute(insert(t.events), {**seq, "at": told.now})
    with told.database.read() as tx:
        assert tx.events.settled(now=told.now) < tx.events.head()
        clock.move(seconds=31)
        assert tx.events.settled(now=told.now) == tx.events.head()


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_an_event_whose_transaction_takes_minutes_is_missed_by_nobody(
    told: Context, company: Company, mina: ApplicantView, clock: FakeClock, ats: FakeAts
) -> None:
    """A merge of a long conversation, say, while others go on: neither the endpoint nor `GET /events` passes it by."""
    hook, _ = webhooks.create_webhook(told, company.ats, url=URL)

    def pull(after: str) -> tuple[list[str], str]:
        found, _ = events_after(told, company.ats, after=after, types=(), limit=100)
        push_events(told, hook.id)
        return [event.name for event, _ in found], f"evt_{found[-1][0].id}" if found else after

    _, place = pull("")
    with told.database.begin() as slow:
        slow.events.append(mina.thread_id, company.workspace.id, "thread.stage", now=told.now, stage="a", by="x")
        slow.flush()
        make_applicant(told, company, external_id="noah", name="Noah", email="noah@mail.example")
        clock.move(minutes=5)
        make_applicant(told, company, external_id="lea", name="Lea", email="lea@mail.example")
        clock.move(minutes=5)
        names, place = pull(place)
        assert (names, ats.types()) == ([], [])
    names, place = pull(place)
    assert names == ["thread.stage", "applicant.updated", "applicant.updated"] == ats.types()
    assert pull(place)[0] == []


@given(
    answers=st.lists(st.sampled_from([0, 200, 302, 404, 410, 429, 500]), min_size=1, max_size=12),
    jitter=st.floats(0, 1),
)
def test_every_post_ends_delivered_given_up_or_with_a_next_try_in_the_future(answers: list[int], jitter: float) -> None:
    now = began = datetime(2026, 11, 23, tzinfo=UTC)
    for tries, status in enumerate(answers, 1):
        move = after_post(
            Answered(status, "" if status else "timeout"),
            tries=tries,
            now=now,
            jitter=jitter,
            failing_since=began,
            queued_at=began,
        )
        if move.state is not PostState.QUEUED or move.disable:
            assert (status == 200) == (move.state is PostState.DELIVERED)
            assert status in (200, 410) or tries > len(LADDER)
            return
        assert move.next_attempt_at is not None
        assert timedelta(0) < move.next_attempt_at - now <= timedelta(seconds=LADDER[-1] * 1.2)
        now = move.next_attempt_at
    assert len(answers) <= len(LADDER)
