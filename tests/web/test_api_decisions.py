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
