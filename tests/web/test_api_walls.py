"""Nobody reads another's (reliability 54): every route with an id of the other company is a 404, as for one that never
was.

The cases come from the OpenAPI document: a new route with an id fails here until it has a case.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api_world import World, build_world

from gateway.web.api.app import describe_api

NEVER = "01hzzzzzzzzzzzzzzzzzzzzzzz"
OPEN_TO_ALL_COMPANIES = {
    "/openings/{external_id}",
    "/applicants/{external_id}",
    "/templates/{key}",
    "/templates/{key}/preview",
}  # PUT: the caller's own id, in their own place
BODIES: dict[tuple[str, str], object] = {
    ("POST", "/applicants/{external_id}/stage"): {"stage": "rejected"},
    ("PUT", "/applicants/{external_id}/consents/{kind}"): {"words": "Yes, please."},
    ("POST", "/threads/{id}/messages"): {"text": "Hello"},
    ("POST", "/threads/{id}/merges"): {"thread_id": f"{NEVER[:-1]}y"},
    ("POST", "/threads/{id}/splits"): {"thread_id": f"{NEVER[:-1]}y"},
    ("POST", "/threads/{id}/moves"): {"message_ids": [NEVER], "to": f"{NEVER[:-1]}y"},
    ("PUT", "/threads/{id}/order"): {"done": True},
    ("PATCH", "/webhooks/{id}"): {"state": "disabled"},
    ("POST", "/webhooks/{id}/replay"): {"everything": True},
}


@pytest.fixture
def world(ctx: object) -> Iterator[World]:
    with build_world(ctx, "anvil", "birch") as world:
        yield world


def routes_with_ids() -> list[tuple[str, str]]:
    paths = describe_api()["paths"].items()
    return [(m.upper(), p) for p, methods in paths for m in methods if "{" in p and p not in OPEN_TO_ALL_COMPANIES]


def foreign_ids(world: World, path: str) -> list[str]:
    """The other company's ids for a route; a route that is not known here fails the test."""
    kinds = {
        "/applicants/{external_id}/stage": ["birch-only"],
        "/applicants/{external_id}/consents": ["birch-only"],
        "/applicants/{external_id}/consents/{kind}": ["birch-only"],
        "/attachments/{id}": attachment_ids(world),
        "/threads/{id}": [world.b.thread_id],
        "/threads/{id}/messages": [world.b.thread_id],
        "/threads/{id}/messages/{message_id}/cancel": [world.a.thread_id, world.b.thread_id],
        "/threads/{id}/merges": [world.b.thread_id],
        "/threads/{id}/splits": [world.b.thread_id],
        "/threads/{id}/order": [world.b.thread_id],
        "/threads/{id}/moves": [world.b.thread_id],
        "/deliveries/{id}": [world.b.delivery_id],
        "/inbox/{id}/raw": world.b.entry_ids,
        "/inbox/{id}/release": world.b.entry_ids,
        "/inbox/{id}/replay": world.b.entry_ids,
        "/inbox/{id}/discard": world.b.entry_ids,
        "/bulk-messages/{id}": [world.b.bulk_id],
        "/bulk-messages/{id}/recipients": [world.b.bulk_id],
        "/bulk-messages/{id}/cancel": [world.b.bulk_id],
        "/bulk-messages/{id}/resume": [world.b.bulk_id],
        "/webhooks/{id}": [world.b.webhook_id],
        "/webhooks/{id}/rotate-secret": [world.b.webhook_id],
        "/webhooks/{id}/posts": [world.b.webhook_id],
        "/webhooks/{id}/replay": [world.b.webhook_id],
        "/api-keys/{id}": [world.b.other_key_id],
        "/api-keys/{id}/rotate": [world.b.other_key_id],
    }
    return kinds[path]


def attachment_ids(world: World) -> list[str]:
    """A file that the other company sent, readable by them."""
    file = {"filename": "plan.txt", "content_type": "text/plain", "content": "aGVsbG8="}
    path = f"/threads/{world.b.thread_id}/messages"
    world.b.post(path, json={"text": "see the file", "attachments": [file]})
    (sent,) = world.b.get(path).json()["items"][-1]["attachments"]
    assert world.b.get(f"/attachments/{sent['id']}").content == b"hello"
    return [sent["id"]]


def test_another_company_cannot_erase_our_applicant(world: World) -> None:
    world.b.put("/applicants/birch-only", json={"opening": "dev", "name": "Only Birch", "source": "ats"})
    assert world.a.request("DELETE", "/applicants/birch-only").status_code == 404
    assert world.b.request("DELETE", "/applicants/birch-only").status_code == 204
    assert world.b.request("DELETE", "/applicants/birch-only").status_code == 404


@pytest.mark.parametrize(("method", "path"), routes_with_ids())
def test_a_foreign_id_is_answered_like_one_that_never_was(world: World, method: str, path: str) -> None:
    """Reliability 54."""
    world.b.put("/applicants/birch-only", json={"opening": "dev", "name": "Only Birch", "source": "ats"})
    every_id = [*foreign_ids(world, path), world.b.applicant_id, world.b.message_id, world.b.workspace_id]
    parameter = "{id}" if "{id}" in path else "{external_id}"
    body = BODIES.get((method, path))
    path = path.replace("{kind}", "email").replace("{message_id}", world.b.message_id)
    never = world.a.request(method, path.replace(parameter, NEVER), json=body)
    assert never.status_code == 404, never.text
    for foreign in every_id:
        answered = world.a.request(method, path.replace(parameter, foreign), json=body)
        assert answered.status_code == 404, answered.text
        assert answered.content == never.content
    assert world.b.get(f"/threads/{world.b.thread_id}").json()["state"] == "open"


@pytest.mark.parametrize(
    "spelling", [str.upper, str.title, lambda i: f"{i} ", lambda i: f"{i}%00", lambda i: f"%20{i}"]
)
def test_ids_in_another_spelling_open_nothing(world: World, spelling: object) -> None:
    """Reliability 54."""
    answered = world.a.get(f"/threads/{spelling(world.b.thread_id)}")
    assert answered.status_code in (404, 422)


def test_lists_hold_only_our_own(world: World) -> None:
    ours = world.a.get("/inbox").json()["items"]
    assert sorted(e["id"] for e in ours) == sorted(world.a.entry_ids)


def test_a_mail_cannot_be_released_into_the_other_companys_thread(world: World) -> None:
    path = f"/inbox/{world.a.entry_ids[1]}/release"
    answered = world.a.post(path, json={"thread_id": world.b.thread_id})
    assert answered.status_code == 422, answered.text
    assert answered.content == world.a.post(path, json={"thread_id": NEVER}).content
    assert world.b.get(f"/threads/{world.b.thread_id}").json()["last_seq"] == 1


def test_the_same_external_ids_stay_apart(world: World) -> None:
    assert world.a.thread_id != world.b.thread_id
    world.a.put("/applicants/minji", json={"opening": "dev", "name": "Renamed", "source": "ats"})
    assert world.b.get(f"/threads/{world.b.thread_id}").json()["applicant"]["name"] == "Minji Kim"


def test_the_other_companys_opening_is_none_of_ours(world: World) -> None:
    world.b.put("/openings/secret", json={"title": "Secret", "notify_emails": []})
    answered = world.a.put("/applicants/new", json={"opening": "secret", "name": "New", "source": "ats"})
    never = world.a.put("/applicants/new", json={"opening": "never-was", "name": "New", "source": "ats"})
    assert answered.status_code in (404, 422)
    assert answered.content == never.content
