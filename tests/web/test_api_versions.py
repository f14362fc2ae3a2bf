"""Whatever can be read with a tag is changed and deleted under the conditions of RFC 9110 §13, at every address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_world import World, build_world
from running import both_databases

from gateway.web.api.app import describe_api

PATHS: dict[str, dict[str, Any]] = describe_api()["paths"]
CHANGES = [(path, m) for path, methods in PATHS.items() for m in methods if m in ("put", "patch", "delete")]
BODIES: dict[str, dict[str, Any]] = {  # two of each: the second changes what the first one wrote
    "/openings/{external_id}": {"title": "Dev", "notify_emails": []},
    "/applicants/{external_id}": {"opening": "dev", "name": "Minji Park"},
    "/applicants/{external_id}/consents/{kind}": {"words": "Tell me of new openings."},
    "/threads/{id}/order": {"tags": ["urgent"]},
    "/templates/{key}": {"bodies": {"en": {"email": {"text": "Hi {{ candidate.name }}"}}}},
    "/webhooks/{id}": {"description": "For the reports"},
}


@pytest.fixture
def world(ctx: object) -> Iterator[World]:
    with build_world(ctx, "anvil") as world:
        world.a.put("/applicants/minji/consents/email", json={"words": "Yes, tell me."})
        yield world


def address(world: World, path: str) -> str:
    ids = {"threads": world.a.thread_id, "webhooks": world.a.webhook_id, "api-keys": world.a.other_key_id}
    external_id = "dev" if path.startswith("/openings") else "minji"
    kind = path.split("/")[1]
    return path.format(external_id=external_id, kind="email", key="invite", id=ids.get(kind, ""))


def send(world: World, method: str, path: str, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {} if method == "delete" else {"json": BODIES[path]}
    return world.a.request(method.upper(), address(world, path), headers=named, **body)


@pytest.mark.parametrize(("path", "method"), CHANGES)
def test_every_change_documents_what_it_asks_of_the_version(path: str, method: str) -> None:
    operation = PATHS[path][method]
    assert {"If-Match", "If-None-Match"} <= {p["name"] for p in operation["parameters"]}
    assert "application/problem+json" in operation["responses"]["412"]["content"]
    assert "ETag" in PATHS[path]["get"]["responses"]["200"]["headers"]
    assert method == "delete" or "ETag" in operation["responses"]["200"]["headers"]


@pytest.mark.parametrize(("path", "method"), CHANGES)
def test_a_change_of_what_somebody_else_changed_meanwhile_is_412_and_nothing_is_done(
    world: World, path: str, method: str
) -> None:
    stale = world.a.get(address(world, path)).headers["etag"]
    if path in BODIES:
        assert send(world, "patch" if "patch" in PATHS[path] else "put", path).status_code == 200
    else:
        stale = '"of-another-time"'
    before = world.a.get(address(world, path))
    for headers in ({"If_Match": stale}, {"If_Match": f"W/{before.headers['etag']}"}, {"If_None_Match": "*"}):
        refused = send(world, method, path, **headers)
        assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile"), headers
    assert world.a.get(address(world, path)).content == before.content
    done = send(world, method, path, If_Match=f'"another", {before.headers["etag"]}')
    assert done.status_code in (200, 204), done.text


@both_databases
@pytest.mark.parametrize(("path", "method"), [c for c in CHANGES if c[1] != "delete"])
def test_the_tag_of_a_change_is_good_for_the_next(world: World, path: str, method: str) -> None:
    first = send(world, method, path)
    assert send(world, method, path, If_Match=first.headers["etag"]).status_code == 200
    assert send(world, method, path, If_Match="*").status_code == 200


def test_what_is_not_there_is_404_whatever_is_asked_of_it(world: World) -> None:
    """RFC 9110 §13.2.1: a condition never makes an error of another kind."""
    for path in ("/applicants/none", "/templates/none", "/webhooks/none", "/api-keys/none"):
        assert world.a.delete(path, headers={"If-Match": '"x"'}).status_code == 404
    assert world.a.patch("/webhooks/none", json={}, headers={"If-Match": '"x"'}).status_code == 404
    world.a.delete(f"/api-keys/{world.a.other_key_id}")
    assert world.a.delete(f"/api-keys/{world.a.other_key_id}", headers={"If-Match": '"x"'}).status_code == 404


def test_posts_that_go_out_meanwhile_are_news_to_a_reader_and_no_change_of_the_webhook(world: World) -> None:
    """A busy endpoint could never be changed else: its numbers are others each second."""
    path = f"/webhooks/{world.a.webhook_id}"
    before = world.a.get(path)
    world.a.post(f"/threads/{world.a.thread_id}/messages", json={"text": "News"})
    with world.ctx.database.begin() as tx:
        tx.webhooks.update(world.a.webhook_id, failing_since=world.ctx.now)
    now_so = world.a.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert (now_so.status_code, now_so.json()["failing_since"] is None) == (200, False)
    assert world.a.patch(path, json={"description": "x"}, headers={"If-Match": before.headers["etag"]}).is_success
    refused = world.a.delete(path, headers={"If-Match": before.headers["etag"]})
    assert refused.status_code == 412


def test_an_applicant_who_was_merged_is_erased_by_their_own_tag(world: World) -> None:
    world.a.put("/applicants/twin", json={"opening": "dev", "name": "Minji Kim"})
    twin = world.a.get("/applicants/twin").json()["thread_id"]
    assert world.a.post(f"/threads/{world.a.thread_id}/merges", json={"thread_id": twin}).is_success
    seen = {"If-Match": world.a.get("/applicants/twin").headers["etag"]}
    assert world.a.delete("/applicants/twin", headers=seen).status_code == 204
    assert world.a.get("/applicants/minji").status_code == 404  # one person


def test_a_consent_and_a_key_are_read_alone(world: World) -> None:
    consent = world.a.get("/applicants/minji/consents/email")
    assert (consent.json()["words"], consent.json()["in_force"]) == ("Yes, tell me.", True)
    assert world.a.get("/applicants/minji/consents/phone").status_code == 404
    key = world.a.get(f"/api-keys/{world.a.other_key_id}").json()
    assert (key["name"], key["state"], key["key"]) == ("Reports", "active", None)
