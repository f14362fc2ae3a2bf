"""Nobody reads another's on the pages either: every page with an id of the other company is a 404, as for one that
never was. The cases come from the routes: a new page with an id fails here until it has a case.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api_world import World, build_world
from sqlalchemy import insert
from starlette.testclient import TestClient
from test_api_walls import NEVER, attachment_ids
from web.web_kit import browser_of

from gateway import docs
from gateway.store import tables as t
from gateway.usecases import accounts, sign_in
from gateway.usecases.context import Context
from gateway.web.routes import build_web

ONLY_CHOICES = {"/desk/{view}", "/desk/settings/setup/{step}", "/desk/settings/setup/test/{channel}"}  # no ids
BESIDE = {"{name}": "plan.txt", "{message_id}": NEVER}  # what stands beside the id that matters


@pytest.fixture
def world(ctx: Context) -> Iterator[World]:
    with build_world(ctx, "anvil", "birch") as world:
        yield world


@pytest.fixture
def desk(ctx: Context, world: World) -> TestClient:
    """The desk of an admin of the first company."""
    member = accounts.create_member(ctx, world.a.workspace_id, email="kai@anvil.test", name="Kai")
    app = build_web(ctx, ctx.render, demo_login=lambda token: sign_in.demo_session(ctx, token))
    return browser_of(app, member)


def pages_with_ids() -> list[tuple[str, str]]:
    pages = [(methods, path) for methods, path, _, _ in docs.page_list() if path.startswith("/desk") and "{" in path]
    return sorted({(m, path) for methods, path in pages for m in methods.split("|") if path not in ONLY_CHOICES})


def foreign_ids(ctx: Context, world: World, path: str) -> list[str]:
    """The other company's ids for the page's own parameter; an unknown one fails the test."""
    world.b.put("/openings/birch-only", json={"title": "Birch only", "notify_emails": []})
    world.b.put("/templates/birch-only", json={"bodies": {"en": {"email": {"text": "Dear you"}}}})
    theirs = accounts.create_member(ctx, world.b.workspace_id, email="lo@birch.test", name="Lo")
    kinds = {
        "{thread_id}": [world.b.thread_id],
        "{delivery_id}": [world.b.delivery_id],
        "{attachment_id}": attachment_ids(world),
        "{entry_id}": world.b.entry_ids,
        "{external_id:path}": ["birch-only"],
        "{member_id}": [theirs.id],
        "{key}": ["birch-only"],
        "{bulk_id}": [world.b.bulk_id],
        "{key_id}": [world.b.other_key_id],
        "{webhook_id}": [world.b.webhook_id],
        "{device_id}": [keep_device(ctx, theirs.id)],
    }
    own = path[path.index("{") : path.index("}") + 1]
    return [*kinds[own], world.b.applicant_id, world.b.message_id, world.b.workspace_id]


def keep_device(ctx: Context, member_id: str) -> str:
    """A browser of this member's to which news is pushed."""
    device_id = ctx.new_id()
    keys = {"endpoint": f"https://push.example/{device_id}", "p256dh": "p", "auth": "a", "vapid": "v"}
    about = {"id": device_id, "member_id": member_id, "client": "Firefox", "created_at": ctx.now, "kept_at": ctx.now}
    with ctx.database.begin() as tx:
        tx.connection.execute(insert(t.devices), keys | about)
    return device_id


@pytest.mark.parametrize(("method", "path"), pages_with_ids())
def test_a_foreign_id_is_answered_like_one_that_never_was(
    ctx: Context, world: World, desk: TestClient, method: str, path: str
) -> None:
    """Reliability 54: reading, and writing with a form that would otherwise do something."""
    own = path[path.index("{") : path.index("}") + 1]
    form = {"text": "Hi", "do": "save", "to": world.b.thread_id, "with": world.b.thread_id} if method == "POST" else {}

    def ask(some_id: str) -> tuple[int, str]:
        address = path.replace(own, some_id)
        for name, value in BESIDE.items():
            address = address.replace(name, value)
        answer = desk.request(method, address, data=form or None)
        return answer.status_code, answer.text.replace(some_id, "ID")

    never = ask(NEVER)
    assert never[0] == 404, never
    for foreign in foreign_ids(ctx, world, path):
        assert ask(foreign) == never
    assert world.b.get(f"/threads/{world.b.thread_id}").json()["state"] == "open"
