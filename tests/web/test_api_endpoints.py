"""Each endpoint of the API as an ATS uses it: exact shapes and status codes of the contract (GW-8, SJ-14, SJ-16)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta

import pytest
from api_world import World, add_entry, build_world

from gateway.threads.model import InboxState, Viewer, ViewerKind
from gateway.usecases import accounts
from gateway.usecases.post_message import NewMessage, post_message

NO_TIMES = ("2026-01-01T25:00:00Z", "2026-01-01T09:00:00+99:00", "2026-02-30T09:00:00Z", "2026-01-01T09:60:00Z")
FILE = {
    "filename": "Résumé 이력서.pdf",
    "content_type": "application/pdf",
    "content": base64.b64encode(b"%PDF-1.7").decode(),
}


@pytest.fixture
def world(ctx: object) -> Iterator[World]:
    with build_world(ctx, "anvil") as world:
        yield world


def candidate_writes(world: World) -> None:
    """The candidate answers on their page; those whom the opening names are told."""
    candidate = Viewer(ViewerKind.CANDIDATE, world.a.workspace_id, thread_id=world.a.thread_id)
    post_message(world.ctx, candidate, world.a.thread_id, NewMessage(text="Thank you"))


# ---- openings and applicants -------------------------------------------------------------------------------------


def test_an_opening_is_created_then_changed(world: World) -> None:
    body = {
        "title": "Designer",
        "notify_emails": ["hr@anvil.test", "eva@anvil.test"],
        "public_contact": "work@anvil.test",
        "locale": "cs",
    }
    created = world.a.put("/openings/design-1", json=body)
    changed = world.a.put("/openings/design-1", json=body | {"title": "Lead Designer", "notify_emails": []})
    assert (created.status_code, changed.status_code) == (201, 200)
    assert created.json() == {"id": created.json()["id"], "external_id": "design-1"} | body
    assert changed.json()["id"] == created.json()["id"]
    assert (changed.json()["title"], changed.json()["notify_emails"]) == ("Lead Designer", [])


def test_whoever_has_a_language_keeps_it_when_a_later_call_names_none(world: World) -> None:
    """The page and mails of a Korean candidate turned English when the ATS corrected their name."""
    body = {"opening": "dev", "name": "Mina Han", "email": "mina@mail.test", "source": "ats"}
    world.a.put("/applicants/mina", json=body | {"locale": "ko", "fields": {"team": "Core"}})
    world.a.put("/applicants/mina", json=body | {"name": "Mina Hahn"})
    mina = world.a.get("/applicants/mina").json()
    assert (mina["name"], mina["locale"], mina["fields"]) == ("Mina Hahn", "ko", {"team": "Core"})


def test_an_external_id_may_hold_what_systems_use(world: World) -> None:
    for external_id in ("4711", "a3f0c8f2-5f0e-4c1f", "개발자-1", "DEV.2030_x", "a:b@c"):
        assert world.a.put(f"/openings/{external_id}", json={"title": "T", "notify_emails": []}).status_code == 201


def test_an_applicant_gets_a_thread_and_a_page_and_keeps_them(world: World) -> None:
    body = {
        "opening": "dev",
        "name": "Jan Novák",
        "email": "Jan@Example.test",
        "locale": "cs-CZ",
        "source": "applied",
        "phone": "+420 601 123 456",
    }
    created = world.a.put("/applicants/jan", json=body | {"fields": {"salary": "50 000"}})
    changed = world.a.put("/applicants/jan", json=body | {"name": "Jan N."})
    assert (created.status_code, changed.status_code) == (201, 200)
    assert set(created.json()) == {"id", "thread_id", "portal_url"}
    assert changed.json() == created.json()
    thread = world.a.get(f"/threads/{created.json()['thread_id']}").json()
    assert thread["applicant"] == {"id": created.json()["id"], "external_id": "jan", "name": "Jan N."}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody at home"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"locale": "tlh"}, "locale"),
        ({"source": "friend"}, "source"),
        ({"fields": {"a": 1}}, "fields.a"),
        ({"fields": {"a": "x" * 2001}}, "fields.a"),
        ({"name": "Eve\nBcc: all@anvil.test"}, "name"),
        ({"thread_id": "x"}, "thread_id"),
        ({"opening": "never-was"}, "opening"),
    ],
)
def test_a_wrong_applicant_is_refused_by_field(world: World, change: dict[str, object], field: str) -> None:
    answered = world.a.put("/applicants/x", json={"opening": "dev", "name": "X", "source": "ats"} | change)
    assert answered.status_code == 422, answered.text
    assert [e["field"] for e in answered.json()["errors"]] == [field]


# ---- threads and messages ----------------------------------------------------------------------------------------


def test_a_thread_names_its_people_and_how_to_reach_them(world: World) -> None:
    candidate_writes(world)
    thread = world.a.get(f"/threads/{world.a.thread_id}").json()
    keys = {"id", "state", "applicant", "opening", "created_at", "participants", "portal_url", "last_seq"}
    assert set(thread) == keys
    assert (thread["id"], thread["state"], thread["last_seq"]) == (world.a.thread_id, "open", 2)
    assert thread["opening"] == {"external_id": "dev", "title": "Developer"}
    people = {p["role"]: p for p in thread["participants"]}
    assert set(people["candidate"]) == {"id", "role", "name", "email", "reply_address"}
    assert people["candidate"]["email"] == "minji@anvil-mail.test"
    assert people["notified"]["email"] == "hr@anvil.test"
    addresses = [p["reply_address"] for p in thread["participants"]]
    assert len(set(addresses)) == len(addresses)
    assert all(a.endswith(f"@{world.ctx.settings.reply_domain}") for a in addresses)


def test_a_posted_message_is_202_with_its_deliveries(world: World) -> None:
    author = {"name": "Eva Malá", "email": "eva@anvil.test"}
    body = {"text": "Monday at 10?", "author": author, "channels": ["email"], "attachments": [FILE]}
    posted = world.a.post(f"/threads/{world.a.thread_id}/messages", json=body)
    assert posted.status_code == 202
    assert set(posted.json()) == {"id", "seq", "deliveries"}
    assert posted.json()["seq"] == 2
    delivery = next(d for d in posted.json()["deliveries"] if d["to"] == "minji@anvil-mail.test")
    assert set(delivery) == {"id", "channel", "to", "state"}
    assert (delivery["channel"], delivery["state"]) == ("email", "queued")

    item = world.a.get(f"/threads/{world.a.thread_id}/messages?after=1").json()["items"][0]
    keys = {"id", "seq", "author", "came_in_by", "subject", "text", "html", "folded", "attachments", "at", "deliveries"}
    assert set(item) == keys
    assert (item["id"], item["seq"], item["text"]) == (posted.json()["id"], 2, "Monday at 10?")
    assert item["author"] == {"kind": "ats"} | author
    assert item["came_in_by"] == "api"
    assert item["at"].endswith("Z")
    assert item["deliveries"] == posted.json()["deliveries"]
    file = item["attachments"][0]
    assert (file["filename"], file["content_type"], file["size"]) == (FILE["filename"], "application/pdf", 8)


def test_html_alone_gets_a_text_and_loses_what_could_run(world: World) -> None:
    html = "<p>Hello <b>Minji</b></p><script>alert(1)</script><img src=x onerror=alert(2)>"
    assert world.a.post(f"/threads/{world.a.thread_id}/messages", json={"html": html}).status_code == 202
    item = world.a.get(f"/threads/{world.a.thread_id}/messages?after=1").json()["items"][0]
    assert "Hello Minji" in item["text"]
    assert "<b>Minji</b>" in item["html"]
    assert "script" not in item["html"]
    assert "onerror" not in item["html"]


def test_a_later_message_is_scheduled(world: World) -> None:
    later = (world.ctx.now + timedelta(hours=2)).isoformat()
    posted = world.a.post(f"/threads/{world.a.thread_id}/messages", json={"text": "Later", "send_at": later})
    assert posted.status_code == 202, posted.text
    assert {d["state"] for d in posted.json()["deliveries"]} == {"scheduled"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"text": " \n "}, "text"),
        ({"text": "Hi", "channels": ["fax"]}, "channels[0]"),
        ({"text": "Hi", "channels": []}, "channels"),
        ({"text": "Hi", "send_at": "tomorrow"}, "send_at"),
        ({"text": "Hi", "send_at": "2030-01-01T10:00:00"}, "send_at"),
        ({"text": "Hi", "send_at": 1893456000}, "send_at"),
        ({"text": "Hi", "send_at": "1893456000"}, "send_at"),
        ({"text": "Hi", "send_at": "0001-01-01T00:00:00+14:00"}, "send_at"),
        *[({"text": "Hi", "send_at": wrong}, "send_at") for wrong in NO_TIMES],
        ({"text": "Hi", "author": {"name": "Eva", "member_id": "m1"}}, "author.member_id"),
        ({"text": "Hi", "author": {"name": "Eva\r\nBcc: x@y.test"}}, "author.name"),
        ({"text": "Hi", "kind": "note"}, "kind"),
        ({"text": "Hi", "template": "invitation"}, "body"),
        ({"text": "Hi", "attachments": [FILE | {"content": "no base64!"}]}, "attachments[0].content"),
        (
            {"text": "Hi", "attachments": [FILE | {"content_type": "text/html\r\nX: y"}]},
            "attachments[0].content_type",
        ),
        ({"text": "Hi", "attachments": [FILE | {"filename": "a\nb"}]}, "attachments[0].filename"),
        ({"text": "Hi", "attachments": [FILE] * 11}, "attachments"),
        ({"text": "x" * 50_001}, "text"),
    ],
)
def test_a_wrong_message_is_refused_by_field_and_not_stored(world: World, body: dict[str, object], field: str) -> None:
    answered = world.a.post(f"/threads/{world.a.thread_id}/messages", json=body)
    assert answered.status_code == 422, answered.text
    assert [e["field"] for e in answered.json()["errors"]] == [field]
    if body.get("send_at") in NO_TIMES:
        assert "write it like 2030-01-31T09:00:00+09:00" in answered.text
    assert world.a.get(f"/threads/{world.a.thread_id}").json()["last_seq"] == 1


def test_what_is_available_is_said(world: World) -> None:
    answered = world.a.post(f"/threads/{world.a.thread_id}/messages", json={"text": "Hi", "channels": ["fax"]})
    assert "email" in answered.json()["errors"][0]["message"]


def test_messages_come_in_order_page_by_page(world: World) -> None:
    for number in range(2, 8):
        world.a.post(f"/threads/{world.a.thread_id}/messages", json={"text": f"No. {number}"})
    path = f"/threads/{world.a.thread_id}/messages"
    seen, cursor = [], ""
    while cursor is not None:
        page = world.a.get(f"{path}?after=1&limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
        assert set(page) == {"items", "next"}
        assert len(page["items"]) <= 2
        seen += [i["seq"] for i in page["items"]]
        cursor = page["next"]
    assert seen == [2, 3, 4, 5, 6, 7]
    assert world.a.get(f"{path}?after=5&limit=2").json()["next"] is None
    assert world.a.get(f"{path}?after=7").json() == {"items": [], "next": None}
    assert world.a.get(f"{path}?after=0").json()["next"] is None


def test_a_delivery_can_be_followed(world: World) -> None:
    delivery = world.a.get(f"/deliveries/{world.a.delivery_id}").json()
    assert delivery["message_id"] == world.a.message_id
    assert delivery["thread_id"] == world.a.thread_id
    assert delivery["attempts"] == []
    assert (delivery["state"], delivery["tries"], delivery["reason"]) == ("queued", 0, None)


# ---- the gate ----------------------------------------------------------------------------------------------------


def test_rejected_closes_the_gate_and_restored_opens_it(world: World) -> None:
    rejected = world.a.post("/applicants/minji/stage", json={"stage": "rejected"})
    assert rejected.status_code == 200
    assert rejected.json() == {
        "thread_id": world.a.thread_id,
        "stage": "rejected",
        "state": "candidate_blocked",
    }
    assert world.a.get(f"/threads/{world.a.thread_id}").json()["state"] == "candidate_blocked"
    assert world.a.get(f"/threads/{world.a.thread_id}").json()["last_seq"] == 1  # nothing is sent by itself

    posted = world.a.post(f"/threads/{world.a.thread_id}/messages", json={"text": "We keep your file."})
    assert posted.status_code == 202  # the company can still write (SJ-14)

    restored = world.a.post("/applicants/minji/stage", json={"stage": "restored"})
    assert restored.json()["state"] == "open"


@pytest.mark.parametrize("stage", ["Rejected", " rejected ", "REJECTED"])
def test_rejected_in_another_spelling_closes_it_too(world: World, stage: str) -> None:
    answered = world.a.post("/applicants/minji/stage", json={"stage": stage})
    assert (answered.json()["stage"], answered.json()["state"]) == ("rejected", "candidate_blocked")


def test_a_rejection_with_a_message_sends_it(world: World) -> None:
    body = {"stage": "rejected", "notify": {"text": "We chose somebody else."}}
    assert world.a.post("/applicants/minji/stage", json=body).json()["state"] == "candidate_blocked"
    items = world.a.get(f"/threads/{world.a.thread_id}/messages").json()["items"]
    assert [i["text"] for i in items] == ["Welcome", "We chose somebody else."]


def test_a_rejection_with_a_scheduled_message_closes_the_gate_only_then(world: World) -> None:
    later = (world.ctx.now + timedelta(hours=2)).isoformat()
    body = {"stage": "rejected", "notify": {"text": "We chose somebody else.", "send_at": later}}
    assert world.a.post("/applicants/minji/stage", json=body).json()["state"] == "open"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "stage"),
        ({"stage": ""}, "stage"),
        ({"stage": "x" * 101}, "stage"),
        ({"stage": "rejected", "notify": {}}, "notify"),
        ({"stage": "rejected", "notify": {"text": "x" * 50_001}}, "notify.text"),
        ({"stage": "rejected", "notify": {"text": "x", "attachments": [FILE] * 11}}, "notify.attachments"),
    ],
)
def test_a_wrong_stage_is_refused_and_changes_nothing(world: World, body: dict[str, object], field: str) -> None:
    answered = world.a.post("/applicants/minji/stage", json=body)
    assert answered.status_code == 422, answered.text
    assert [e["field"] for e in answered.json()["errors"]] == [field]
    assert world.a.get(f"/threads/{world.a.thread_id}").json()["state"] == "open"


def test_another_stage_is_just_a_stage(world: World) -> None:
    answered = world.a.post("/applicants/minji/stage", json={"stage": "Second interview"})
    assert (answered.json()["stage"], answered.json()["state"]) == ("Second interview", "open")


# ---- the inbox ---------------------------------------------------------------------------------------------------


def test_entries_tell_what_a_person_needs_and_lead_to_the_bytes(world: World) -> None:
    entry = world.a.get("/inbox?state=held").json()["items"][0]
    keys = {
        "id",
        "state",
        "reason",
        "message_id",
        "subject",
        "from",
        "envelope_from",
        "rcpt",
        "thread_id",
        "at",
        "raw_url",
    }
    assert set(entry) == keys
    assert (entry["state"], entry["reason"]) == ("held", "other_sender")
    assert (entry["from"], entry["envelope_from"]) == ("minji@candidate.test", "bounce@candidate.test")
    assert entry["thread_id"] == world.a.thread_id
    assert entry["raw_url"] == f"/api/v1/inbox/{entry['id']}/raw"
    raw = world.anyone.get(entry["raw_url"], headers={"Authorization": f"Bearer {world.a.key}"})
    assert raw.headers["content-type"] == "message/rfc822"
    assert raw.content.startswith(b"From: Minji")
    assert raw.headers["content-security-policy"] == "sandbox"


def test_the_inbox_is_listed_page_by_page(world: World) -> None:
    made = {add_entry(world.ctx, world.a, state=InboxState.FAILED) for _ in range(5)}
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = world.a.get("/inbox?state=failed&limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [e["id"] for e in page["items"]]
        cursor = page["next"]
    assert len(seen) == 5
    assert set(seen) == made


def test_without_a_state_the_inbox_shows_what_waits(world: World) -> None:
    add_entry(world.ctx, world.a, state=InboxState.IGNORED)
    states = sorted(e["state"] for e in world.a.get("/inbox").json()["items"])
    assert states == ["held", "unmatched"]


def test_a_held_mail_is_released_once(world: World) -> None:
    path = f"/inbox/{world.a.entry_ids[0]}/release"
    released = world.a.post(path)
    assert released.status_code == 200, released.text
    assert released.json()["state"] == "threaded"
    again = world.a.post(path)
    assert again.status_code == 409
    item = world.a.get(f"/threads/{world.a.thread_id}/messages?after=1").json()["items"][0]
    assert item["came_in_by"] == "email"
    assert "Hello" in item["text"]


def test_an_unmatched_mail_is_released_into_the_thread_that_is_named(world: World) -> None:
    path = f"/inbox/{world.a.entry_ids[1]}/release"
    released = world.a.post(path, json={"thread_id": world.a.thread_id})
    assert released.status_code == 200, released.text
    assert released.json()["thread_id"] == world.a.thread_id


def test_nothing_is_released_through_a_closed_gate(world: World) -> None:
    world.a.post("/applicants/minji/stage", json={"stage": "rejected"})
    answered = world.a.post(f"/inbox/{world.a.entry_ids[0]}/release")
    assert answered.status_code in (403, 409), answered.text
    assert world.a.get(f"/threads/{world.a.thread_id}").json()["last_seq"] == 1


def test_a_mail_is_discarded_and_kept(world: World) -> None:
    entry_id = world.a.entry_ids[0]
    assert world.a.post(f"/inbox/{entry_id}/discard").json()["state"] == "discarded"
    assert world.a.get(f"/inbox/{entry_id}/raw").status_code == 200
    assert entry_id not in [e["id"] for e in world.a.get("/inbox").json()["items"]]


def test_a_mail_can_be_understood_again(world: World) -> None:
    replayed = world.a.post(f"/inbox/{world.a.entry_ids[1]}/replay")
    assert replayed.status_code == 200, replayed.text
    assert replayed.json()["id"] == world.a.entry_ids[1]


def test_the_ats_keeps_order_among_threads_as_the_desk_does(world: World) -> None:
    """Assignee by address, tags by name, done; what is left out stays (SJ-10)."""
    path = f"/threads/{world.a.thread_id}/order"
    member = accounts.create_member(world.ctx, world.a.workspace_id, email="eva@anvil.test", name="Eva")
    empty = {"assignee": None, "tags": [], "snoozed_until": None, "done_at": None}
    assert world.a.get(path).json() == empty
    answer = world.a.put(path, json={"assignee": "Eva@anvil.test", "tags": ["Urgent", "to call"]})
    assert answer.json() == empty | {"assignee": member.email, "tags": ["Urgent", "to call"]}
    assert world.a.put(path, json={"tags": ["urgent"]}).json() == empty | {"assignee": member.email, "tags": ["Urgent"]}
    assert world.a.put(path, json={"assignee": "", "done": True}).json()["done_at"]
    assert world.a.get(path).json()["assignee"] is None
    assert world.a.put(path, json={"assignee": "nobody@anvil.test"}).status_code == 422
    assert world.a.put(path, json={"tags": ["x" * 41]}).status_code == 422
    unseen = world.a.put(path, json={"tags": ["\N{SOFT HYPHEN}"]})
    assert (unseen.status_code, unseen.json()["errors"][0]["field"]) == (422, "tags")
    names = [event["type"] for event in world.a.get("/events").json()["items"]]
    assert {"thread.assigned", "thread.tagged", "thread.done"} <= set(names)
