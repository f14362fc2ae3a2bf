"""What the API does not do by mistake: send at a time that is past, or take a mail for a colleague's unasked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from api_world import World, add_entry, build_world

from gateway.threads.model import InboxState
from gateway.usecases.accounts import create_member


@pytest.fixture
def world(ctx: object) -> Iterator[World]:
    with build_world(ctx, "anvil") as world:
        yield world


@pytest.mark.parametrize("off", [timedelta(minutes=-6), timedelta(days=-400), timedelta(days=400)])
def test_a_time_that_is_past_or_too_far_is_refused_and_nothing_is_sent(world: World, off: timedelta) -> None:
    at = (world.ctx.now + off).isoformat()
    message = {"text": "Late", "send_at": at}
    calls = [
        (f"/threads/{world.a.thread_id}/messages", message, "send_at"),
        ("/applicants/minji/stage", {"stage": "rejected", "notify": message}, "notify.send_at"),
        ("/rejections", {"applicants": ["minji"], "notify": message}, "notify.send_at"),
        ("/bulk-messages", {"applicants": ["minji"], **message}, "send_at"),
    ]
    for path, body, field in calls:
        refused = world.a.post(path, json=body)
        assert (refused.status_code, [e["field"] for e in refused.json()["errors"]]) == (422, [field]), path
    thread = world.a.get(f"/threads/{world.a.thread_id}").json()
    assert (thread["state"], len(world.a.get(f"/threads/{world.a.thread_id}/messages").json()["items"])) == ("open", 1)


def test_a_time_that_has_just_passed_is_now(world: World) -> None:
    at = (world.ctx.now - timedelta(minutes=4)).isoformat()
    posted = world.a.post(f"/threads/{world.a.thread_id}/messages", json={"text": "Now", "send_at": at})
    assert (posted.status_code, {d["state"] for d in posted.json()["deliveries"]}) == (202, {"queued"})


def test_what_has_not_gone_out_is_taken_back_once(world: World) -> None:
    """An interview is cancelled: the invitation that the ATS scheduled must not reach the candidate."""
    messages, at = f"/threads/{world.a.thread_id}/messages", (world.ctx.now + timedelta(days=1)).isoformat()
    later = world.a.post(messages, json={"text": "See you on Monday", "send_at": at}).json()
    path, key = f"{messages}/{later['id']}/cancel", {"Idempotency-Key": "no-interview"}
    taken = world.a.post(path, headers=key)
    assert (taken.status_code, taken.json()["id"], taken.json()["seq"]) == (200, later["id"], later["seq"])
    assert [d["state"] for d in taken.json()["deliveries"]] == ["cancelled"]
    assert world.a.post(path, headers=key).headers["Idempotent-Replayed"] == "true"
    assert (world.a.post(path).status_code, world.a.post(path).json()["code"]) == (409, "gone_out")
    events = world.a.get("/events?types=message.cancelled").json()["items"]
    assert [e["data"]["message_id"] for e in events] == [later["id"]]


def test_what_went_out_is_not_taken_back(world: World) -> None:
    late = world.a.post(f"/threads/{world.a.thread_id}/messages/{world.a.message_id}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "gone_out")


def test_a_rejection_that_is_taken_back_with_its_message_never_closes(world: World) -> None:
    at = (world.ctx.now + timedelta(days=1)).isoformat()
    world.a.post("/applicants/minji/stage", json={"stage": "interview"})
    world.a.post("/applicants/minji/stage", json={"stage": "rejected", "notify": {"text": "Sorry", "send_at": at}})
    messages = f"/threads/{world.a.thread_id}/messages"
    letter = world.a.get(messages).json()["items"][-1]
    assert world.a.post(f"{messages}/{letter['id']}/cancel").status_code == 200
    assert world.a.get("/applicants/minji").json()["stage"] == "interview"


def test_a_mail_in_a_colleagues_name_is_released_when_a_person_says_whose_it_is(world: World) -> None:
    """The desk's decision: said by nobody, it stays; as the colleague's it goes to the candidate in their name."""
    create_member(world.ctx, world.a.workspace_id, email="jun@anvil.test", name="Jun")
    raw = b"From: Jun <jun@anvil.test>\r\nSubject: News\r\n\r\nYou are in\r\n"
    path = f"/inbox/{add_entry(world.ctx, world.a, state=InboxState.HELD, raw=raw)}/release"
    for body in ({}, {"sender_is": "candidate"}, {"sender_is": "guest"}):
        refused = world.a.post(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "names_colleague")
    assert world.a.post(path, json={"sender_is": "robot"}).status_code == 422
    assert world.a.post(path, json={"sender_is": "colleague", "as_note": True}).status_code == 422
    assert world.a.post(path, json={"sender_is": "colleague"}).json()["state"] == "threaded"
    author = world.a.get(f"/threads/{world.a.thread_id}/messages").json()["items"][-1]["author"]
    assert (author["kind"], author["email"]) == ("member", "jun@anvil.test")


def test_a_guest_is_made_known_by_the_name_that_is_given(world: World) -> None:
    raw = b"From: mum@home.test\r\nSubject: Hello\r\n\r\nShe is ill\r\n"
    entry_id = add_entry(world.ctx, world.a, state=InboxState.HELD, raw=raw)
    body = {"sender_is": "guest", "sender_name": "Her mother"}
    assert world.a.post(f"/inbox/{entry_id}/release", json=body).status_code == 200
    people = world.a.get(f"/threads/{world.a.thread_id}").json()["participants"]
    assert ("guest", "Her mother", "mum@home.test") in [(p["role"], p["name"], p["email"]) for p in people]
