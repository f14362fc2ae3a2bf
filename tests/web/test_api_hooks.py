"""Keys with scopes and an end, webhooks, events, entity tags and rate headers, as the ATS meets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_world import World, build_world
from fakes import FakeClock

from gateway.usecases.context import Context

HOOK = {"url": "https://ats.example.com/hooks", "types": ["message.created"], "description": "ours"}


@pytest.fixture
def world(ctx: Context) -> Iterator[World]:
    with build_world(ctx, "anvil") as world:
        yield world


def make_key(world: World, *scopes: str, **values: Any) -> dict[str, Any]:
    made = world.a.post("/api-keys", json={"name": "Other", "scopes": list(scopes), **values})
    assert made.status_code == 201, made.text
    return made.json()


def as_key(key: dict[str, Any]) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {key['key']}"}}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/events", "read"),
        ("GET", "/openings/dev", "read"),
        ("PUT", "/openings/dev", "write"),
        ("POST", "/applicants/minji/stage", "write"),
        ("GET", "/inbox/{entry}/raw", "review"),
        ("POST", "/inbox/{entry}/discard", "review"),
        ("GET", "/webhooks", "manage"),
        ("DELETE", "/applicants/minji", "manage"),
    ],
)
def test_a_key_does_what_its_scopes_say_and_no_more(world: World, method: str, path: str, scope: str) -> None:
    others = sorted({"read", "write", "review", "manage"} - {scope})
    body = {"PUT": {"title": "Dev", "notify_emails": []}, "POST": {"stage": "interview"}}.get(method)
    body = None if "discard" in path else body
    path = path.format(entry=world.a.entry_ids[0])
    refused = world.a.request(method, path, json=body, **as_key(make_key(world, *others)))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert scope in refused.json()["detail"]
    assert world.a.request(method, path, json=body, **as_key(make_key(world, scope))).status_code in (200, 204)


def test_nobody_makes_a_key_that_may_do_more_than_their_own(world: World) -> None:
    manager = make_key(world, "manage", "read")
    refused = world.a.post("/api-keys", json={"name": "x", "scopes": ["write"]}, **as_key(manager))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "scopes"
    everything = next(k["id"] for k in world.a.get("/api-keys").json()["items"] if k["name"] == "ATS")
    assert world.a.post(f"/api-keys/{everything}/rotate", **as_key(manager)).status_code == 404


def test_a_key_ends_when_it_was_told_to(world: World, clock: FakeClock) -> None:
    key = make_key(world, "read", expires_at=(clock.now.replace(year=2027)).isoformat())
    assert world.a.get("/events", **as_key(key)).status_code == 200
    clock.move(days=400)
    assert world.a.get("/events", **as_key(key)).status_code == 401
    shown = next(k for k in world.a.get("/api-keys").json()["items"] if k["id"] == key["id"])
    assert (shown["state"], shown["key"]) == ("expired", None)
    past = {"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}
    assert world.a.post("/api-keys", json=past).json()["errors"][0]["field"] == "expires_at"


def test_after_a_rotation_both_keys_work_for_a_while(world: World, clock: FakeClock) -> None:
    old = make_key(world, "read")
    new = world.a.post(f"/api-keys/{old['id']}/rotate", json={"overlap_days": 2}).json()
    assert new["scopes"] == ["read"]
    assert world.a.get("/events", **as_key(old)).status_code == 200
    clock.move(days=3)
    assert world.a.get("/events", **as_key(old)).status_code == 401
    assert world.a.get("/events", **as_key(new)).status_code == 200
    assert world.a.delete(f"/api-keys/{new['id']}").status_code == 204
    assert world.a.get("/events", **as_key(new)).status_code == 401


def test_a_webhook_from_its_making_to_its_end(world: World) -> None:
    made = world.a.post("/webhooks", json=HOOK)
    assert made.status_code == 201
    hook = made.json()
    assert hook["secret"].startswith("whsec_")
    path = f"/webhooks/{hook['id']}"
    assert world.a.get(path).json() == hook | {"secret": None}
    assert len(world.a.get("/webhooks").json()["items"]) == 2
    changed = world.a.patch(path, json={"state": "disabled", "types": []}).json()
    assert (changed["state"], changed["reason"], changed["types"]) == ("disabled", "by_hand", [])
    assert world.a.patch(path, json={"state": "enabled"}).json()["reason"] is None
    assert world.a.post(f"{path}/rotate-secret").json()["secret"] != hook["secret"]
    assert world.a.get(f"{path}/posts?state=failed").json() == {"items": [], "next": None}
    assert world.a.post(f"{path}/replay", json={"everything": True}).json() == {"queued": 0}
    for many in ({"everything": True}, {"since": "2026-01-01T00:00:00Z"}):
        both = world.a.post(f"{path}/replay", json={"event": "evt_1", **many})
        assert (both.status_code, both.json()["errors"][0]["field"]) == (422, "event")
    assert world.a.delete(path).status_code == 204
    assert world.a.get(path).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"), [("url", "http://ats.example.com"), ("url", "https://10.1.2.3"), ("types", ["message.read"])]
)
def test_a_wrong_webhook_is_refused_by_its_field(world: World, field: str, value: object) -> None:
    refused = world.a.post("/webhooks", json=HOOK | {field: value})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].startswith(field)


def test_a_repeated_post_gives_the_same_secret_and_it_is_not_stored_in_clear(world: World) -> None:
    headers = {"Idempotency-Key": "hook-1"}
    first = world.a.post("/webhooks", json=HOOK, headers=headers)
    again = world.a.post("/webhooks", json=HOOK, headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    with world.ctx.database.read() as tx:
        kept = tx.limits.find_key(world.a.workspace_id, "hook-1")
    assert kept is not None
    assert first.json()["secret"] not in kept.body


def test_events_are_listed_from_the_first_page_to_the_last_and_on(world: World) -> None:
    first = world.a.get("/events?limit=1").json()
    assert [e["type"] for e in first["items"]] == ["applicant.updated"]
    rest = world.a.get(f"/events?cursor={first['next']}").json()
    assert [e["type"] for e in rest["items"]][:1] == ["message.created"]
    assert rest["next"] is None
    last = rest["items"][-1]["id"]
    assert world.a.get(f"/events?after={last}").json() == {"items": [], "next": None}
    world.a.post("/applicants/minji/stage", json={"stage": "rejected"})
    news = world.a.get(f"/events?after={last}&types=thread.blocked").json()["items"]
    assert [(e["type"], e["data"]["applicant"], e["data"]["by"]) for e in news] == [("thread.blocked", "minji", "ATS")]
    for wrong in ("after=7", "cursor=nonsense", "types=nonsense"):
        refused = world.a.get(f"/events?{wrong}")
        assert refused.json()["errors"][0]["field"].startswith(wrong.partition("=")[0]), refused.text


def test_what_the_caller_has_already_is_not_sent_again(world: World) -> None:
    path = f"/threads/{world.a.thread_id}/messages"
    first = world.a.get(path)
    known = {"If-None-Match": first.headers["etag"]}
    unchanged = world.a.get(path, headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    world.a.post(path, json={"text": "News"})
    assert world.a.get(path, headers=known).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/openings/dev", {"title": "Dev", "notify_emails": []}),
        ("/applicants/minji", {"opening": "dev", "name": "Minji Park"}),
    ],
)
def test_two_who_change_the_same_thing_do_not_undo_each_other_unseen(
    world: World, path: str, body: dict[str, Any]
) -> None:
    seen = {"If-Match": world.a.get(path).headers["etag"]}
    mine = world.a.put(path, json=body, headers=seen)
    assert mine.status_code == 200
    refused = world.a.put(path, json=body, headers=seen)
    assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile")
    assert world.a.put(path, json=body, headers={"If-Match": mine.headers["etag"]}).status_code == 200
    assert world.a.put(path, json=body, headers={"If-Match": "*"}).status_code == 200
    assert world.a.put(f"{path}-2", json=body, headers={"If-Match": "*"}).status_code == 412
    assert world.a.put(path, json=body, headers={"If-Match": "no tag"}).status_code == 422
    tag = world.a.get(path).headers["etag"]
    assert world.a.put(path, json=body, headers={"If-Match": f'"other", {tag}'}).status_code == 200
    tag = world.a.get(path).headers["etag"]  # a weak tag is none for If-Match (RFC 9110 §13.1.1)
    assert world.a.put(path, json=body, headers={"If-Match": f"W/{tag}"}).status_code == 412


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/openings/{}", {"title": "Other", "notify_emails": []}),
        ("/applicants/{}", {"opening": "dev", "name": "Somebody Else"}),
        ("/templates/{}", {"bodies": {"en": {"email": {"text": "Other"}}}}),
    ],
)
def test_who_wants_to_create_only_overwrites_nothing(world: World, path: str, body: dict[str, Any]) -> None:
    """RFC 9110 §13.1.2."""
    there = path.format({"openings": "dev", "applicants": "minji", "templates": "invite"}[path.split("/")[1]])
    before = world.a.get(there)
    refused = world.a.put(there, json=body, headers={"If-None-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile")
    same = {"If-None-Match": f'"x", W/{before.headers["etag"]}'}
    assert world.a.put(there, json=body, headers=same).status_code == 412
    both = {"If-Match": before.headers["etag"], "If-None-Match": "*"}
    assert world.a.put(there, json=body, headers=both).status_code == 412
    assert world.a.get(there).content == before.content
    assert world.a.put(path.format("fresh"), json=body, headers={"If-None-Match": "*"}).status_code == 201
    assert world.a.put(there, json=body, headers={"If-None-Match": '"x"'}).status_code == 200


class TestRates:
    @pytest.fixture
    def settings_values(self) -> dict[str, Any]:
        return {"api_requests_per_minute": 20}

    def test_every_answer_says_how_much_is_left_and_too_many_are_429(self, world: World) -> None:
        other = make_key(world, "read")
        seen = [world.a.get("/events") for _ in range(30)]
        left = [int(r.headers["ratelimit-remaining"]) for r in seen]
        assert left == sorted(left, reverse=True)
        assert seen[0].headers["ratelimit-limit"] == "20"
        assert seen[0].headers["ratelimit-policy"] == "20;w=60"
        assert seen[-1].status_code == 429
        assert seen[-1].json()["code"] == "too_many_requests"
        assert 1 <= int(seen[-1].headers["retry-after"]) <= 60
        assert world.a.get("/events", **as_key(other)).status_code == 200
