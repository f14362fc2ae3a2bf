"""In charge of: two companies with a thread and mails each, and clients that call the API as their ATS.

Not in charge of: checks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from gateway.threads.decisions import Reason
from gateway.threads.model import InboxEntry, InboxState
from gateway.usecases.accounts import create_workspace
from gateway.usecases.api_keys import create_api_key
from gateway.usecases.context import Context
from gateway.web.api.app import mount_api
from gateway.web.api.docs import api_docs_page

RAW = b"From: Minji <minji@candidate.test>\r\nTo: jobs@reply.example.test\r\nSubject: Salary {n}\r\n\r\nHello\r\n"


@dataclass(slots=True)
class Company:
    """One workspace's ATS, and the ids of what it has."""

    name: str
    client: TestClient
    workspace_id: str
    key: str
    applicant_id: str = ""
    thread_id: str = ""
    message_id: str = ""
    delivery_id: str = ""
    entry_ids: list[str] = field(default_factory=list)
    webhook_id: str = ""
    other_key_id: str = ""
    bulk_id: str = ""

    def request(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.request("GET", path, **options)

    def put(self, path: str, **options: Any) -> Any:
        return self.request("PUT", path, **options)

    def post(self, path: str, **options: Any) -> Any:
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Any) -> Any:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.request("DELETE", path, **options)


@dataclass(slots=True)
class World:
    """Companies that must know nothing of each other."""

    ctx: Context
    anyone: TestClient
    companies: list[Company]

    @property
    def a(self) -> Company:
        return self.companies[0]

    @property
    def b(self) -> Company:
        return self.companies[1]

    def dumps(self, body: object) -> str:
        return json.dumps(body)


def make_app(ctx: Context) -> Starlette:
    """The API where it lies in the whole site."""
    return Starlette(routes=[mount_api(ctx), Route("/api/docs", api_docs_page)])


@contextmanager
def build_world(ctx: Context, *names: str) -> Iterator[World]:
    """The API with a company for each name; most tests need one only."""
    with TestClient(make_app(ctx)) as client:
        yield World(ctx, client, [_make_company(ctx, client, name) for name in names])


def _make_company(ctx: Context, client: TestClient, name: str) -> Company:
    workspace = create_workspace(ctx, name=name.title(), slug=name, public_contact=f"jobs@{name}.test")
    company = Company(name, client, workspace.id, create_api_key(ctx, workspace.id, name="ATS"))
    opening = company.put("/openings/dev", json={"title": "Developer", "notify_emails": [f"hr@{name}.test"]})
    assert opening.status_code == 201, opening.text
    applicant = {"opening": "dev", "name": "Minji Kim", "email": f"minji@{name}-mail.test", "source": "ats"}
    made = company.put("/applicants/minji", json=applicant)
    assert made.status_code == 201, made.text
    company.applicant_id, company.thread_id = made.json()["id"], made.json()["thread_id"]
    posted = company.post(f"/threads/{company.thread_id}/messages", json={"text": "Welcome"})
    assert posted.status_code == 202, posted.text
    company.message_id = posted.json()["id"]
    company.delivery_id = posted.json()["deliveries"][0]["id"]
    company.entry_ids = [
        add_entry(ctx, company, state=InboxState.HELD),
        add_entry(ctx, company, state=InboxState.UNMATCHED),
    ]
    template = {"bodies": {"en": {"email": {"text": "Dear {{ candidate.name }}"}}}}
    assert company.put("/templates/invite", json=template).status_code == 201
    hook = company.post("/webhooks", json={"url": f"https://ats.{name}.test/hooks"})
    assert hook.status_code == 201, hook.text
    company.webhook_id = hook.json()["id"]
    other = company.post("/api-keys", json={"name": "Reports", "scopes": ["read"]})
    assert other.status_code == 201, other.text
    company.other_key_id = other.json()["id"]
    bulk = company.post("/bulk-messages", json={"applicants": ["minji"], "text": "Hello all"})
    assert bulk.status_code == 202, bulk.text
    company.bulk_id = bulk.json()["id"]
    return company


def add_entry(ctx: Context, company: Company, *, state: InboxState, raw: bytes = RAW) -> str:
    """A mail that waits in the company's review queue."""
    entry_id = ctx.new_id()
    raw = raw.replace(b"{n}", entry_id.encode())
    with ctx.database.begin() as tx:
        digest = tx.blobs.add(raw, now=ctx.now)
        tx.inbox.store_once([_as_received(ctx, company, entry_id=entry_id, digest=digest, size=len(raw))])
        held = state is InboxState.HELD
        tx.inbox.finish(
            entry_id,
            state,
            reason=(Reason.OTHER_SENDER if held else Reason.NO_THREAD).value,
            thread_id=company.thread_id if held else None,
            message_id="m1@candidate.test",
            subject="Salary",
            from_address="minji@candidate.test",
        )
    return entry_id


def _as_received(ctx: Context, company: Company, *, entry_id: str, digest: str, size: int) -> InboxEntry:
    return InboxEntry(
        id=entry_id,
        workspace_id=company.workspace_id,
        state=InboxState.RECEIVED,
        reason="",
        detail="",
        digest=digest,
        size=size,
        rcpt=f"{company.name}@{ctx.settings.reply_domain}",
        envelope_from="bounce@candidate.test",
        peer="127.0.0.1",
        helo="mail.candidate.test",
        tls=True,
        received_at=ctx.now,
    )
