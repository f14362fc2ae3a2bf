"""One message to many: each alone and in their own words, tried first, stopped where a value lacks, resumed, cancelled,
and nobody twice (seeds PE-P3).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from api_world import World, build_world
from fakes import FakeChannel

from gateway.threads.channel import Retry
from gateway.usecases import bulk
from gateway.usecases.bulk import find_due_bulks, run_bulk
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one, find_due

PEOPLE = ("minji", "noah", "eva")


@pytest.fixture
def world(ctx: Context) -> Iterator[World]:
    with build_world(ctx, "anvil") as world:
        for name in PEOPLE:
            body = {"opening": "dev", "name": name.title(), "email": f"{name}@mail.example"}
            world.a.put(f"/applicants/{name}", json=body)
        world.a.post(f"/bulk-messages/{world.a.bulk_id}/cancel")  # the one that every world has
        yield world


def accepted(world: World) -> list[str]:
    return [b["id"] for b in world.a.get("/bulk-messages").json()["items"] if b["id"] != world.a.bulk_id]


def start(world: World, **values: Any) -> Any:
    return world.a.post("/bulk-messages", json={"applicants": list(PEOPLE), "template": "invite"} | values)


def run_all(ctx: Context) -> int:
    return sum(run_bulk(ctx, bulk_id) for bulk_id in find_due_bulks(ctx))


def deliver_all(ctx: Context) -> None:
    for delivery_id in find_due(ctx)[1]:
        deliver_one(ctx, delivery_id)


def test_each_gets_it_alone_in_their_own_thread_and_words(world: World, channel: FakeChannel) -> None:
    answered = start(world)
    assert answered.status_code == 202, answered.text
    path = f"/bulk-messages/{answered.json()['id']}"
    assert world.a.get(path).json()["state"] == "running"
    assert run_all(world.ctx) == 3
    done = world.a.get(path).json()
    assert (done["state"], done["total"], done["posted"], done["failed"]) == ("done", 3, 3, 0)
    deliver_all(world.ctx)
    mails = {mail.to: mail for mail in channel.sent if "Dear" in mail.text}
    assert sorted(mails) == [f"{name}@mail.example" for name in sorted(PEOPLE)]
    for name in PEOPLE:
        text = mails[f"{name}@mail.example"].text
        assert f"Dear {name.title()}" in text
        assert not any(other.title() in text for other in PEOPLE if other != name)
    recipients = world.a.get(f"{path}/recipients").json()["items"]
    assert [(r["applicant"], r["state"]) for r in recipients] == [(name, "posted") for name in PEOPLE]
    assert len({r["thread_id"] for r in recipients}) == 3
    assert find_due_bulks(world.ctx) == []


def test_a_dry_run_shows_the_words_and_sends_nothing(world: World) -> None:
    template = {"bodies": {"en": {"email": {"text": "Hi {{ candidate.name }}, {{ fields.salary }}"}}}}
    world.a.put("/templates/invite", json=template)
    body = {"opening": "dev", "name": "Eva", "email": "eva@mail.example", "fields": {"salary": "100"}}
    world.a.put("/applicants/eva", json=body)
    tried = start(world, dry_run=True).json()
    assert (tried["id"], tried["state"], tried["total"]) == (None, "dry_run", 3)
    samples = {s["applicant"]: s for s in tried["samples"]}
    assert samples["eva"]["words"]["text"] == "Hi Eva, 100"
    assert samples["noah"]["problem"].startswith("fields.salary")
    assert samples["noah"]["problem_code"] == "variable_missing"
    assert accepted(world) == []


def test_it_stops_where_a_value_lacks_and_goes_on_when_it_is_there(world: World) -> None:
    template = {"bodies": {"en": {"email": {"text": "Hi {{ candidate.name }}, {{ fields.salary }}"}}}}
    world.a.put("/templates/invite", json=template)

    def put(name: str, salary: str) -> None:
        fields = {"salary": salary} if salary else {}
        world.a.put(f"/applicants/{name}", json={"opening": "dev", "name": name, "fields": fields})

    put("minji", "100")
    put("eva", "100")
    path = f"/bulk-messages/{start(world).json()['id']}"
    run_all(world.ctx)
    stopped = world.a.get(path).json()
    assert (stopped["state"], stopped["posted"]) == ("stopped", 1)
    assert stopped["reason"].startswith("noah: fields.salary")
    assert (stopped["reason_code"], stopped["stopped_at"]) == ("variable_missing", "noah")
    put("noah", "90")
    resumed = world.a.post(f"{path}/resume").json()
    assert (resumed["state"], resumed["reason"], resumed["reason_code"]) == ("running", None, None)
    run_all(world.ctx)
    assert world.a.get(path).json()["posted"] == 3
    assert world.a.post(f"{path}/resume").status_code == 409


def test_cancelled_nobody_more_is_written_to(world: World) -> None:
    path = f"/bulk-messages/{start(world).json()['id']}"
    assert world.a.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert run_all(world.ctx) == 0
    assert [r["state"] for r in world.a.get(f"{path}/recipients").json()["items"]] == ["waiting"] * 3
    assert world.a.post(f"{path}/cancel").status_code == 409


def test_what_is_to_go_out_later_is_posted_at_once_and_taken_back_when_cancelled(
    world: World, channel: FakeChannel
) -> None:
    at = (world.ctx.now + timedelta(hours=2)).isoformat()
    path = f"/bulk-messages/{start(world, send_at=at).json()['id']}"
    assert run_all(world.ctx) == 3
    done = world.a.get(path).json()
    assert (done["state"], done["posted"], datetime.fromisoformat(done["send_at"]).isoformat()) == ("done", 3, at)
    deliver_all(world.ctx)
    assert [mail for mail in channel.sent if "Dear" in mail.text] == []
    assert world.a.post(f"{path}/cancel").json()["state"] == "cancelling"
    assert run_all(world.ctx) == 3
    cancelled = world.a.get(path).json()
    assert (cancelled["state"], cancelled["posted"]) == ("cancelled", 0)
    assert {r["state"] for r in world.a.get(f"{path}/recipients").json()["items"]} == {"cancelled"}
    world.ctx.clock.move(hours=3)  # type: ignore[attr-defined]
    deliver_all(world.ctx)
    assert [mail for mail in channel.sent if "Dear" in mail.text] == []
    assert world.a.post(f"{path}/cancel").status_code == 409


def test_what_went_out_before_it_was_cancelled_stays(world: World, channel: FakeChannel) -> None:
    """Somebody sends one of them at once; the others are taken back."""
    at = (world.ctx.now + timedelta(hours=2)).isoformat()
    path = f"/bulk-messages/{start(world, send_at=at).json()['id']}"
    run_all(world.ctx)
    noah = next(r for r in world.a.get(f"{path}/recipients").json()["items"] if r["applicant"] == "noah")
    with world.ctx.database.begin() as tx:
        (delivery,) = tx.outbox.by_message([noah["message_id"]])[noah["message_id"]]
        assert tx.waiting.move(
            noah["message_id"], goes_out_at=world.ctx.now, starts={delivery.id: world.ctx.now}, now=world.ctx.now
        )
    deliver_all(world.ctx)
    world.a.post(f"{path}/cancel")
    assert run_all(world.ctx) == 2
    assert (world.a.get(path).json()["posted"], len([m for m in channel.sent if "Dear" in m.text])) == (1, 1)


def test_cancelled_while_it_goes_out_it_reaches_nobody_more(world: World, channel: FakeChannel) -> None:
    """One has it, one's mail is late, and one's turn has not come: the first keeps it, the others never get it."""
    path = f"/bulk-messages/{start(world).json()['id']}"
    run_all(world.ctx)
    first, late, _ = find_due(world.ctx)[1][-3:]
    deliver_one(world.ctx, first)
    channel.script[:] = [Retry("4.4.1", "the smarthost is away")]
    deliver_one(world.ctx, late)
    assert world.a.post(f"{path}/cancel").json()["state"] == "cancelling"
    assert run_all(world.ctx) == 2
    world.ctx.clock.move(hours=1)  # type: ignore[attr-defined]
    deliver_all(world.ctx)
    cancelled = world.a.get(path).json()
    assert (cancelled["state"], cancelled["posted"]) == ("cancelled", 1)
    states = [r["state"] for r in world.a.get(f"{path}/recipients").json()["items"]]
    assert sorted(states) == ["cancelled", "cancelled", "posted"]
    assert len([m for m in channel.sent if "Dear" in m.text]) == 2
    assert world.a.post(f"{path}/cancel").status_code == 409


def test_it_is_cancelled_while_a_worker_posts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at = (world.ctx.now + timedelta(hours=2)).isoformat()
    path = f"/bulk-messages/{start(world, send_at=at).json()['id']}"
    check = bulk.check_content

    def cancel_before_the_second(ctx: Context, new: Any) -> Any:
        if new.client_key.endswith(":2"):
            world.a.post(f"{path}/cancel")
        return check(ctx, new)

    monkeypatch.setattr(bulk, "check_content", cancel_before_the_second)
    assert run_all(world.ctx) == 1
    assert world.a.get(path).json()["state"] == "cancelling"
    assert run_all(world.ctx) == 1  # taken back
    states = [r["state"] for r in world.a.get(f"{path}/recipients").json()["items"]]
    assert (world.a.get(path).json()["state"], states) == ("cancelled", ["cancelled", "waiting", "waiting"])


def test_a_worker_that_dies_leaves_nobody_out_and_writes_to_nobody_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/bulk-messages/{start(world).json()['id']}"
    calls = 0
    real = bulk.post_in

    def dying(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(bulk, "post_in", dying)
    with pytest.raises(KeyboardInterrupt):
        run_all(world.ctx)
    assert find_due_bulks(world.ctx) == []  # its lease still runs
    world.ctx.clock.move(seconds=61)  # type: ignore[attr-defined]
    assert run_all(world.ctx) == 2
    assert world.a.get(path).json()["posted"] == 3
    for name in PEOPLE:
        thread = world.a.get(f"/applicants/{name}").json()["thread_id"]
        texts = [m["text"] for m in world.a.get(f"/threads/{thread}/messages").json()["items"]]
        assert texts.count(f"Dear {name.title()}") == 1


def test_each_is_counted_once_although_a_slow_worker_was_followed_by_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease ran out in the middle of a batch; then it goes on with those that it had read."""
    world.a.delete("/applicants/noah")
    path = f"/bulk-messages/{start(world).json()['id']}"
    find, calls = bulk.find_and_fill, 0

    def slow(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            world.ctx.clock.move(seconds=61)  # type: ignore[attr-defined]
            assert run_all(world.ctx) == 2  # another worker, which is slow, too
        if calls == 3:
            world.ctx.clock.move(seconds=21)  # type: ignore[attr-defined]
        return find(*args, **options)

    monkeypatch.setattr(bulk, "find_and_fill", slow)
    monkeypatch.setattr(bulk, "BATCH", 2)
    run_bulk(world.ctx, path.rsplit("/", 1)[1])
    run_all(world.ctx)
    done = world.a.get(path).json()
    assert (done["state"], done["posted"], done["failed"]) == ("done", 2, 1)
    states = [r["state"] for r in world.a.get(f"{path}/recipients").json()["items"]]
    assert states == ["posted", "failed", "posted"]


def test_who_is_unknown_is_named_and_nothing_is_accepted(world: World) -> None:
    refused = start(world, applicants=["minji", "ghost"])
    assert refused.status_code == 422
    assert "ghost" in refused.json()["errors"][0]["message"]
    assert start(world, template="never").json()["errors"][0]["field"] == "template"
    assert accepted(world) == []


def test_an_erased_applicant_is_left_out_and_the_others_get_theirs(world: World) -> None:
    path = f"/bulk-messages/{start(world).json()['id']}"
    world.a.delete("/applicants/noah")
    run_all(world.ctx)
    done = world.a.get(path).json()
    assert (done["state"], done["total"], done["posted"]) == ("done", 3, 2)


def test_who_did_not_agree_to_advertising_is_left_out_and_it_is_said_why(world: World) -> None:
    advert = {"purpose": "advertising", "bodies": {"en": {"email": {"text": "We are hiring"}}}}
    world.a.put("/templates/invite", json=advert)
    world.a.put("/applicants/eva/consents/email", json={"words": "Yes, please."})
    path = f"/bulk-messages/{start(world).json()['id']}"
    run_all(world.ctx)
    done = world.a.get(path).json()
    assert (done["state"], done["posted"], done["failed"]) == ("done", 1, 2)
    noah = next(r for r in world.a.get(f"{path}/recipients").json()["items"] if r["applicant"] == "noah")
    assert (noah["state"], noah["problem_code"]) == ("failed", "no_consent")
    assert noah["problem"] == "This person has not agreed to advertising: record their consent first."


def test_the_same_post_twice_is_one(world: World) -> None:
    body = {"applicants": list(PEOPLE), "text": "Hello"}
    first, second = (world.a.post("/bulk-messages", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json() == second.json()
    assert run_all(world.ctx) == 3
