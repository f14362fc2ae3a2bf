"""Moving and splitting on the desk and by the API (ux §5: menu of a message; facts/peers.md rows 62 to 64)."""

from __future__ import annotations

from cast import Company, as_candidate, make_applicant
from flows.test_moving import other_application, say, texts
from running import Pump
from starlette.testclient import TestClient
from web.api_world import build_world
from web.web_kit import words_of

from gateway.usecases.context import Context
from gateway.usecases.views import ApplicantView


def test_from_a_messages_menu_to_the_other_conversation_and_back(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, desk: TestClient
) -> None:
    other = other_application(ctx, company)
    ids = [say(ctx, as_candidate(ctx, mina), mina, words) for words in ("one", "two", "three")]
    pump()
    url = f"/desk/t/{mina.thread_id}/move"
    assert f'href="{url}?from={ids[1]}"' in desk.get(f"/desk/t/{mina.thread_id}").text
    page = desk.get(f"{url}?from={ids[1]}").text
    words = words_of(page)
    assert "2 messages" in words
    assert "Engineer" in words
    assert "one" not in words.split("2 messages")[1].split("Where to")[0].split()
    form = {"ids": ",".join(ids[1:]), f"m.{ids[2]}": "yes", "to": other.thread_id}
    moved = desk.post(url, data=form)
    assert moved.headers["location"] == f"/desk/t/{other.thread_id}#msg-{ids[2]}"
    assert "1 message moved to: Mina Han · Engineer" in words_of(desk.get(f"/desk/t/{mina.thread_id}").text)
    there = desk.get(f"/desk/t/{other.thread_id}").text
    assert "1 message came from: Mina Han · Product Designer" in words_of(there)
    back = f"/desk/t/{other.thread_id}/move"
    assert f'href="{back}?to={mina.thread_id}&amp;ids={ids[2]}"' in there
    desk.post(back, data={"ids": ids[2], f"m.{ids[2]}": "yes", "to": mina.thread_id})
    assert texts(ctx, company.ats, mina) == ["one", "two", "three"]


def test_another_person_asks_first_and_a_new_application_can_be_made(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, desk: TestClient
) -> None:
    oskar = other_application(ctx, company, external_id="o-1", name="Oskar Berg", email="oskar@mail.example")
    ids = [say(ctx, as_candidate(ctx, mina), mina, words) for words in ("one", "two")]
    url = f"/desk/t/{mina.thread_id}/move"
    form = {"ids": ",".join(ids), f"m.{ids[0]}": "yes"}
    early = desk.post(url, data=form | {"to": "new", "opening": "engineer"})
    assert early.status_code == 409
    assert "It has not gone out yet" in words_of(early.text)
    pump()
    found = desk.get(f"{url}?ids={ids[0]}&q=Oskar").text
    assert oskar.thread_id in found
    asks = desk.post(url, data=form | {"to": oskar.thread_id})
    assert asks.status_code == 409
    assert "Oskar Berg never sees it." in words_of(asks.text)
    assert texts(ctx, company.as_jun, oskar) == []
    assert desk.post(url, data=form | {"to": oskar.thread_id, "sure": "yes"}).status_code == 303
    assert texts(ctx, company.as_jun, oskar) == ["one"]
    none = desk.post(url, data={"ids": ids[1], "to": oskar.thread_id})
    assert none.status_code == 422
    new = desk.post(url, data={"ids": ids[1], f"m.{ids[1]}": "yes", "to": "new", "opening": "engineer"})
    page = words_of(desk.get(new.headers["location"]).text)
    assert "two" in page
    assert "1 message came from: Mina Han · Product Designer" in page
    assert desk.get(f"{url}?ids={ids[0]}").status_code == 404


def test_the_ats_moves_messages_once(ctx: Context, pump: Pump) -> None:
    """`POST /threads/{id}/moves`: the same key is done once; another person's thread needs `as_notes`."""
    with build_world(ctx, "anvil") as world:
        ats = world.a
        person = {"opening": "dev", "name": "Minji Kim", "email": "minji@anvil-mail.test", "source": "ats"}
        twin = ats.put("/applicants/minji-2", json=person).json()["thread_id"]
        other = ats.put("/applicants/oskar", json=person | {"email": "o@x.test"}).json()["thread_id"]
        pump()
        body = {"message_ids": [ats.message_id], "to": twin}
        key = {"Idempotency-Key": "k1"}
        for _ in range(2):
            moved = ats.post(f"/threads/{ats.thread_id}/moves", json=body, headers=key)
            assert (moved.status_code, moved.json()["notes"]) == (200, 0)
        (item,) = ats.get(f"/threads/{twin}/messages").json()["items"]
        assert (item["id"], item["seq"]) == (ats.message_id, 1)
        assert ats.get(f"/threads/{ats.thread_id}/messages?after=0").json()["items"] == []
        names = [e["type"] for e in ats.get("/events").json()["items"]]
        assert {"messages.moved_out", "messages.moved_in"} <= set(names)
        asks = ats.post(f"/threads/{twin}/moves", json=body | {"to": other})
        assert (asks.status_code, asks.json()["code"]) == (409, "other_person")
        notes = ats.post(f"/threads/{twin}/moves", json=body | {"to": other, "as_notes": True})
        assert notes.json()["notes"] == 1
        assert ats.get(f"/threads/{other}/messages").json()["items"] == []


def test_a_duplicate_is_found_merged_and_split_again(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, desk: TestClient
) -> None:
    """facts/peers.md row 62: by name, in the same opening; old links lead to the kept conversation."""
    twice = make_applicant(ctx, company, external_id="mina-b", email="mina.han@naver.example")
    other_application(ctx, company)
    say(ctx, as_candidate(ctx, twice), twice, "Hello again")
    url = f"/desk/t/{mina.thread_id}"
    assert f'href="{url}/merge"' in desk.get(url).text
    page = words_of(desk.get(f"{url}/merge").text)
    assert "mina.han@naver.example" in page
    assert "Mina Han · Engineer" not in page
    early = desk.post(f"{url}/merge", data={"other": twice.thread_id})
    assert (early.status_code, "It has not gone out yet" in words_of(early.text)) == (409, True)
    pump()
    assert desk.post(f"{url}/merge", data={"other": twice.thread_id}).headers["location"] == url
    shown = words_of(desk.get(url).text)
    assert "Jun Park merged this with: Mina Han · Product Designer" in shown
    assert "Hello again" in shown
    assert desk.get(f"/desk/t/{twice.thread_id}").headers["location"] == url
    split = desk.post(f"{url}/split", data={"other": twice.thread_id})
    assert split.headers["location"] == f"/desk/t/{twice.thread_id}"
    assert "Hello again" in words_of(desk.get(f"/desk/t/{twice.thread_id}").text)
    assert "Split again" not in words_of(desk.get(url).text)


def test_the_ats_merges_by_either_id(ctx: Context, pump: Pump) -> None:
    with build_world(ctx, "anvil") as world:
        ats = world.a
        person = {"opening": "dev", "name": "Kim Minji", "email": "minji@naver.test", "source": "ats"}
        twin = ats.put("/applicants/minji-2", json=person).json()["thread_id"]
        assert ats.post(f"/threads/{twin}/messages", json={"text": "Hello"}).status_code == 202
        pump()
        body = {"thread_id": twin}
        merged = ats.post(f"/threads/{ats.thread_id}/merges", json=body)
        assert (merged.status_code, merged.json()["messages"]) == (200, 1)
        assert ats.get(f"/threads/{twin}").json()["id"] == ats.thread_id
        assert ats.post(f"/threads/{twin}/messages", json={"text": "By the old id"}).status_code == 202
        said = [m["text"] for m in ats.get(f"/threads/{twin}/messages").json()["items"]]
        assert said == ["Welcome", "Hello", "By the old id"]
        assert ats.put(f"/threads/{twin}/order", json={"tags": ["twice"]}).json()["tags"] == ["twice"]
        assert ats.get(f"/threads/{twin}/order").json() == ats.get(f"/threads/{ats.thread_id}/order").json()
        pump()
        same = person | {"name": "Minji Kim", "email": "minji@anvil-mail.test"}
        other = ats.put("/applicants/other", json=same).json()["thread_id"]
        moved = ats.post(f"/threads/{twin}/moves", json={"message_ids": [ats.message_id], "to": other})
        assert moved.json().get("message_ids") == [ats.message_id], moved.text
        back = ats.post(f"/threads/{other}/moves", json={"message_ids": [ats.message_id], "to": twin})
        assert back.json().get("thread_id") == ats.thread_id, back.text
        assert ats.post("/applicants/minji-2/stage", json={"stage": "rejected"}).json()["thread_id"] == ats.thread_id
        pump()
        assert ats.post(f"/threads/{ats.thread_id}/splits", json=body).json()["messages"] == 1
        assert ats.get(f"/threads/{twin}").json()["id"] == twin
