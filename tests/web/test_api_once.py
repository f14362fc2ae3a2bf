"""GW-8: a POST with an Idempotency-Key has one effect and one answer, however often it comes (reliability 59)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from queue import Queue
from threading import Barrier

import pytest
from api_world import World, build_world
from fakes import FakeClock
from running import both_databases

from gateway.errors import Conflict, Unavailable
from gateway.threads.keys import KeyScope
from gateway.threads.model import Viewer, ViewerKind
from gateway.usecases import idempotency
from gateway.usecases.api_keys import create_api_key
from gateway.usecases.idempotency import ABANDONED, run_once

KEY = {"Idempotency-Key": "7c0e1d0c-9d2d-4a3c-8d1e-0a1b2c3d4e5f"}


@pytest.fixture
def world(ctx: object) -> Iterator[World]:
    with build_world(ctx, "anvil", "birch") as world:
        yield world


@pytest.fixture
def viewer(world: World) -> Viewer:
    return Viewer(ViewerKind.ATS, world.a.workspace_id, id="k", name="ATS")


def messages(world: World) -> list[dict[str, object]]:
    return world.a.get(f"/threads/{world.a.thread_id}/messages").json()["items"]


def test_the_same_request_again_gives_the_first_answer_and_one_message(world: World) -> None:
    """Reliability 59."""
    path = f"/threads/{world.a.thread_id}/messages"
    first = world.a.post(path, json={"text": "Are you free on Monday?"}, headers=KEY)
    again = world.a.post(
        path,
        content=b'{ "text" : "Are you free on Monday?" }',
        headers=KEY | {"Content-Type": "application/json"},
    )
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(messages(world)) == 2


@pytest.mark.parametrize("other", [{"text": "Something else"}, {"text": "Hello", "author": {"name": "Eva"}}])
def test_the_same_key_with_another_body_is_409_and_no_message(world: World, other: dict[str, object]) -> None:
    path = f"/threads/{world.a.thread_id}/messages"
    world.a.post(path, json={"text": "Hello"}, headers=KEY)
    answered = world.a.post(path, json=other, headers=KEY)
    assert (answered.status_code, answered.json()["code"]) == (409, "idempotency_key_reused")
    assert len(messages(world)) == 2


def test_the_same_key_at_another_address_is_409(world: World) -> None:
    world.a.post(f"/inbox/{world.a.entry_ids[0]}/discard", headers=KEY)
    answered = world.a.post(f"/inbox/{world.a.entry_ids[1]}/discard", headers=KEY)
    assert answered.status_code == 409


def test_two_companies_may_choose_the_same_key(world: World) -> None:
    for company in (world.a, world.b):
        posted = company.post(f"/threads/{company.thread_id}/messages", json={"text": "Hello"}, headers=KEY)
        assert posted.status_code == 202
        assert "idempotent-replayed" not in posted.headers


def test_without_a_key_each_post_is_a_message(world: World) -> None:
    for _ in range(2):
        world.a.post(f"/threads/{world.a.thread_id}/messages", json={"text": "Hello"})
    assert len(messages(world)) == 3


@both_databases
def test_twenty_at_once_are_one_message_with_one_answer(world: World) -> None:
    """Reliability 59."""
    together = Barrier(20)

    def post(_: int) -> tuple[int, bytes]:
        together.wait()
        answered = world.a.post(f"/threads/{world.a.thread_id}/messages", json={"text": "Hello"}, headers=KEY)
        return answered.status_code, answered.content

    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(post, range(20)))
    assert len(answers) == 1
    assert answers.pop()[0] == 202
    assert len(messages(world)) == 2


def test_a_refused_request_leaves_the_key_free(world: World) -> None:
    path = f"/threads/{world.a.thread_id}/messages"
    too_long = {"text": "x" * (world.ctx.settings.max_text_chars + 1)}
    assert world.a.post(path, json=too_long, headers=KEY).status_code == 422
    assert world.a.post(path, json={"text": "Hello"}, headers=KEY).status_code == 202


@pytest.fixture
def forgetful(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a request did is stored, and then its process dies: no answer is kept."""
    with world.ctx.database.begin() as tx:
        monkeypatch.setattr(type(tx.limits), "save_answer", fail)


def fail(*_: object, **__: object) -> None:
    raise Unavailable("away")


@both_databases
@pytest.mark.usefixtures("forgetful")
def test_a_message_to_many_whose_answer_was_lost_is_one(world: World, clock: FakeClock) -> None:
    """Reliability 59: everybody would be written to twice."""
    many = {"applicants": ["minji"], "text": "Come on Monday at nine."}
    first = world.a.post("/bulk-messages", json=many, headers=KEY).json()
    clock.move(minutes=3)
    again = world.a.post("/bulk-messages", json=many, headers=KEY).json()
    other = world.a.post("/bulk-messages", json=many, headers={"Idempotency-Key": "another"}).json()
    assert again["id"] == first["id"] != other["id"]


@both_databases
@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("by_stage", [False, True], ids=["many", "stage"])
def test_a_rejection_whose_answer_was_lost_is_one_letter(world: World, clock: FakeClock, *, by_stage: bool) -> None:
    """Reliability 59, SJ-P1."""
    path, body = "/rejections", dict[str, object](applicants=["minji"], notify=True)
    if by_stage:
        path, body = "/applicants/minji/stage", {"stage": "rejected", "notify": True}
    before = len(messages(world))
    for _ in range(2):
        assert world.a.post(path, json=body, headers=KEY).status_code == 200
        clock.move(minutes=3)
    assert len(messages(world)) == before + 1


@both_databases
@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("at", ["messages", "stage", "rejections", "bulk-messages"])
def test_a_call_whose_answer_was_lost_is_answered_long_after_its_time(world: World, clock: FakeClock, at: str) -> None:
    """Reliability 59: what was stored is told, though its `send_at` is past now and its template is gone."""
    message = {"template": "invite", "send_at": (world.ctx.now + timedelta(minutes=1)).isoformat()}
    path, body = {
        "messages": (f"/threads/{world.a.thread_id}/messages", message),
        "stage": ("/applicants/minji/stage", {"stage": "interview", "notify": message}),
        "rejections": ("/rejections", {"applicants": ["minji"], "notify": message}),
        "bulk-messages": ("/bulk-messages", {"applicants": ["minji"], **message}),
    }[at]
    first = world.a.post(path, json=body, headers=KEY)
    before = len(messages(world))
    world.a.delete("/templates/invite")
    clock.move(minutes=30)
    again = world.a.post(path, json=body, headers=KEY)
    assert (again.status_code, first.is_success) == (first.status_code, True), again.text
    told = [{k: v for k, v in a.json().items() if k != "deliveries"} for a in (first, again)]
    assert told[0] == told[1]
    assert len(messages(world)) == before
    assert world.a.post(path, json=body, headers={"Idempotency-Key": "another"}).status_code == 422


@pytest.mark.usefixtures("forgetful")
def test_rejections_that_broke_off_say_who_is_left_when_the_time_is_over(world: World, clock: FakeClock) -> None:
    """Who got the letter is told so; who did not gets none at a time that nobody chose."""
    world.a.put("/applicants/sora", json={"opening": "dev", "name": "Sora Lee", "email": "sora@mail.test"})
    late = {"text": "We chose somebody else.", "send_at": (world.ctx.now + timedelta(minutes=1)).isoformat()}
    one, both = ({"applicants": who, "notify": late} for who in (["minji"], ["minji", "sora"]))
    assert world.a.post("/rejections", json=one, headers=KEY).status_code == 200
    with world.ctx.database.begin() as tx:
        tx.limits.free_key(world.a.workspace_id, KEY["Idempotency-Key"])  # as if `both` had come and broken off
    clock.move(minutes=30)
    done = world.a.post("/rejections", json=both, headers=KEY)
    minji, sora = done.json()["items"]
    assert (minji["problem"], "time is past" in sora["problem"]) == (None, True)
    assert (minji["problem_code"], sora["problem_code"]) == (None, "invalid")
    assert world.a.get("/applicants/sora").json()["stage"] != "rejected"


@pytest.mark.usefixtures("forgetful")
def test_a_rejection_that_was_taken_back_since_is_not_done_again(world: World, clock: FakeClock) -> None:
    body = {"stage": "rejected", "notify": True}
    world.a.post("/applicants/minji/stage", json=body, headers=KEY)
    world.a.post("/applicants/minji/stage", json={"stage": "restored"})
    clock.move(minutes=3)
    for path, again in (("/applicants/minji/stage", body), ("/rejections", {"applicants": ["minji"]})):
        with world.ctx.database.begin() as tx:
            tx.limits.free_key(world.a.workspace_id, KEY["Idempotency-Key"])
        assert world.a.post(path, json=again, headers=KEY).status_code == 200
        assert world.a.get(f"/threads/{world.a.thread_id}").json()["state"] == "open"


@pytest.mark.usefixtures("forgetful")
def test_the_answer_reaches_the_caller_even_if_it_cannot_be_kept(world: World, viewer: Viewer) -> None:
    assert run_once(world.ctx, viewer, "k1", request_digest="d", run=lambda: (202, "{}")) == (
        202,
        "{}",
        False,
    )


def test_a_second_request_waits_no_longer_than_it_must(
    world: World, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "LOOKS", 2)

    def call_again() -> tuple[int, str]:
        with pytest.raises(Conflict) as refused:
            run_once(world.ctx, viewer, "k1", request_digest="d", run=lambda: (200, "second"))
        assert refused.value.code == "idempotency_key_in_use"
        return 200, "first"

    assert run_once(world.ctx, viewer, "k1", request_digest="d", run=call_again) == (200, "first", False)
    assert run_once(world.ctx, viewer, "k1", request_digest="d", run=call_again) == (200, "first", True)


def test_repeats_that_wait_leave_threads_for_everybody_else(
    world: World, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reliability 63: forty repeats of one request slept in all threads of the process, and no page was answered."""
    monkeypatch.setattr(idempotency, "LOOKS", 10_000)
    with world.ctx.database.begin() as tx:
        assert tx.limits.take_key(viewer.workspace_id, "k1", digest="d", now=world.ctx.now)
    seen = Queue[str]()

    def repeat(_: int) -> None:
        try:
            seen.put(run_once(world.ctx, viewer, "k1", request_digest="d", run=lambda: (200, "mine"))[1])
        except Conflict as fault:
            seen.put(fault.code)

    with ThreadPoolExecutor(idempotency.MOST_WAITING + 3) as pool:
        waiting = pool.map(repeat, range(idempotency.MOST_WAITING + 3))
        assert [seen.get(timeout=10) for _ in range(3)] == ["idempotency_key_in_use"] * 3
        with world.ctx.database.begin() as tx:
            tx.limits.save_answer(viewer.workspace_id, "k1", status=200, body="first")
        list(waiting)
    assert {seen.get_nowait() for _ in range(idempotency.MOST_WAITING)} == {"first"}


def test_a_secret_is_told_again_only_to_the_key_that_asked_for_it(world: World) -> None:
    """A key that may do less cannot fetch the secret of one that may do more by repeating its request."""
    lesser = create_api_key(world.ctx, world.a.workspace_id, name="Lesser", scopes=[KeyScope.MANAGE])
    asked = {"name": "New", "scopes": ["read", "write"]}
    made, again = (world.a.post("/api-keys", json=asked, headers=KEY) for _ in range(2))
    assert made.json()["key"] == again.json()["key"]
    other = world.a.post("/api-keys", json=asked, headers=KEY | {"Authorization": f"Bearer {lesser}"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


@both_databases
def test_a_key_whose_process_died_is_taken_over(world: World, viewer: Viewer) -> None:
    died = world.ctx.now - ABANDONED - timedelta(seconds=1)
    with world.ctx.database.begin() as tx:
        assert tx.limits.take_key(viewer.workspace_id, "k1", digest="d", now=died)
    with pytest.raises(Conflict):
        run_once(world.ctx, viewer, "k1", request_digest="other", run=lambda: (200, "other"))
    assert run_once(world.ctx, viewer, "k1", request_digest="d", run=lambda: (200, "mine")) == (
        200,
        "mine",
        False,
    )


@both_databases
def test_the_same_new_applicant_ten_times_at_once_is_one(world: World) -> None:
    together = Barrier(10)

    def put(_: int) -> tuple[int, str]:
        together.wait()
        answered = world.a.put("/applicants/new", json={"opening": "dev", "name": "New", "source": "ats"})
        return answered.status_code, answered.json()["thread_id"]

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(put, range(10)))
    assert sorted(status for status, _ in answers) == [200] * 9 + [201]
    assert len({thread_id for _, thread_id in answers}) == 1
