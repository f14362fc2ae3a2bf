"""The settings in the desk, without scripts: API keys and webhooks — made, shown once, rotated, replayed, ended."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from cast import Company, make_applicant, make_company
from fakes import FakeClock
from starlette.testclient import TestClient
from web.web_kit import browser_of, hidden, make_app, words_of

from gateway.threads.webhooks import HookMove, PostState
from gateway.usecases import accounts, api_keys
from gateway.usecases.bulk import find_due_bulks, run_bulk
from gateway.usecases.change_stage import change_stage, thread_of_applicant
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.push_events import find_webhook_work, push_events
from gateway.usecases.read_thread import messages_after
from gateway.usecases.templates import find_template, list_templates
from gateway.usecases.views import ApplicantView
from gateway.usecases.webhooks import list_posts

SETTINGS = ("/desk/settings/keys", "/desk/settings/webhooks", "/desk/settings/templates", "/desk/settings/bulk")


@pytest.fixture
def plain_desk(ctx: Context, company: Company) -> TestClient:
    """The desk of a member who is no admin."""
    member = accounts.create_member(ctx, company.workspace.id, email="ida@moalabs.example", name="Ida", role="member")
    app = make_app(ctx, Company(company.workspace, member, company.ara, company.opening, "", company.ats))
    return browser_of(app, member)


def shown_secret(page: str) -> str:
    """The secret that a page shows this once; "" if it shows none."""
    found = re.search(r'id="f-secret" value="([^"]+)"', page)
    return found[1] if found else ""


@pytest.mark.parametrize("path", SETTINGS)
def test_members_who_are_no_admins_neither_see_nor_open_them(plain_desk: TestClient, path: str) -> None:
    assert plain_desk.get(path).status_code == 404
    assert f'href="{path}"' not in plain_desk.get("/desk/settings").text


def test_a_key_is_made_shown_once_and_works_with_what_it_may(ctx: Context, desk: TestClient) -> None:
    form = {"name": "Greenhouse", "scopes.read": "yes", "scopes.write": "yes", "days": "90"}
    page = desk.post("/desk/settings/keys", data=form)
    assert "It is shown only this once" in words_of(page.text)
    caller = api_keys.viewer_for_api_key(ctx, shown_secret(page.text))
    assert caller is not None
    assert caller.scopes == {"read", "write"}
    later = desk.get("/desk/settings/keys")
    assert "Greenhouse" in words_of(later.text)
    assert "Until" in words_of(later.text)
    assert shown_secret(later.text) == ""
    assert page.headers["cache-control"] == "no-store"


def test_a_key_without_rights_or_name_is_refused_with_the_form_kept(desk: TestClient) -> None:
    page = desk.post("/desk/settings/keys", data={"name": "Robot", "days": "30"})
    assert page.status_code == 422
    assert 'value="Robot"' in page.text
    assert desk.post("/desk/settings/keys", data={"scopes.read": "yes"}).status_code == 422


def test_rotating_shows_a_new_secret_and_revoking_ends_a_key(ctx: Context, company: Company, desk: TestClient) -> None:
    (key,) = api_keys.list_api_keys(ctx, company.workspace.id)
    path = f"/desk/settings/keys/{key.id}"
    rotated = desk.post(path, data={"do": "rotate"})
    assert api_keys.viewer_for_api_key(ctx, shown_secret(rotated.text)) is not None
    assert api_keys.viewer_for_api_key(ctx, company.api_key) is not None  # the old one for a week more
    assert desk.post(path, data={"do": "revoke"}).status_code == 303
    assert api_keys.viewer_for_api_key(ctx, company.api_key) is None
    assert desk.post(path, data={"do": "melt"}).status_code == 404


def test_another_companys_key_is_not_found(ctx: Context, desk: TestClient) -> None:
    other = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    (key,) = api_keys.list_api_keys(ctx, other.workspace.id)
    assert desk.post(f"/desk/settings/keys/{key.id}", data={"do": "revoke"}).status_code == 404


HOOK = {"url": "https://ats.example.com/hooks", "description": "Our ATS", "types.message.created": "yes"}


def open_hook(desk: TestClient) -> str:
    """The path of the one webhook that the list shows."""
    found = re.search(r'href="(/desk/settings/webhooks/[^"]+)"', desk.get("/desk/settings/webhooks").text)
    assert found
    return found[1]


def test_a_webhook_is_added_its_secret_shown_once_and_rotated(desk: TestClient) -> None:
    page = desk.post("/desk/settings/webhooks", data=HOOK)
    first = shown_secret(page.text)
    assert first.startswith("whsec_")
    path = open_hook(desk)
    assert shown_secret(desk.get(path).text) == ""
    assert "1 kind of event" in words_of(desk.get(path).text)
    rotated = desk.post(path, data={"do": "rotate"})
    assert shown_secret(rotated.text) not in ("", first)
    assert "signatures of both secrets" in words_of(rotated.text)


def test_a_private_address_is_refused_in_words_with_the_form_kept(desk: TestClient) -> None:
    """Reliability 58."""
    page = desk.post("/desk/settings/webhooks", data=HOOK | {"url": "https://10.0.0.1/"})
    assert page.status_code == 422
    assert "public internet" in words_of(page.text)
    assert 'value="https://10.0.0.1/"' in page.text


def test_a_webhook_is_switched_off_and_on_changed_and_deleted(desk: TestClient) -> None:
    desk.post("/desk/settings/webhooks", data=HOOK)
    path = open_hook(desk)
    desk.post(path, data={"do": "disable"})
    assert "Switched off by hand" in words_of(desk.get(path).text)
    desk.post(path, data={"do": "enable"})
    assert "Switched off by hand" not in words_of(desk.get(path).text)
    changed = HOOK | {"do": "save", "description": "The other ATS"}
    assert desk.post(path, data=changed).status_code == 303
    assert "The other ATS" in words_of(desk.get(path).text)
    assert desk.post(path, data=changed | {"url": "no"}).status_code == 422
    assert desk.post(path, data={"do": "delete"}).headers["location"] == "/desk/settings/webhooks"
    assert desk.get(path).status_code == 404


def test_posts_are_shown_with_their_answers_and_sent_again(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    """One by its button, or all since a point in time in the company's zone (Seoul)."""
    desk.post("/desk/settings/webhooks", data=HOOK | {"url": "https://gone.invalid/hooks"})
    path = open_hook(desk)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    for webhook_id in find_webhook_work(ctx):
        push_events(ctx, webhook_id)
    page = desk.get(path).text
    assert "message.created" in page
    assert "1 waits" in words_of(page)
    for code, said in (("no_connection", "7 tries · no connection"), ("503", "7 tries · answered 503")):
        with ctx.database.begin() as tx:
            tx.webhooks.save_move(post_id(ctx, company, path), HookMove(PostState.FAILED, code), tries=7, now=ctx.now)
        page = desk.get(path + "?state=failed").text
        assert said in words_of(page)
    event = hidden(page, "event")
    again = desk.post(path, data={"do": "replay", "event": event})
    assert "1 event is sent again" in words_of(desk.get(again.headers["location"]).text)
    early = desk.post(path, data={"do": "replay", "since": "2026-11-01T00:00", "everything": "yes"})
    assert "again=0" in early.headers["location"]  # it waits already
    assert desk.post(path, data={"do": "replay", "since": "yesterday"}).status_code == 422


def post_id(ctx: Context, company: Company, path: str) -> str:
    (post,), _ = list_posts(ctx, company.as_jun, path.rpartition("/")[2], state=None, before=None, limit=5)
    return post.id


INVITE = {
    "purpose": "transactional", "variables": "interview_date",
    "en.subject": "Interview for {{ opening.title }}",
    "en.text": "Dear {{ candidate.name }},\ncan you come on {{ interview_date }}?",
    "ko.text": "{{ candidate.name }} 님, {{ interview_date }}에 뵐 수 있을까요?",
    "ko.sms": "{{ candidate.name }} 님께 면접 안내가 도착했습니다.",
    "ko.kakao_text": "#{이름} 님, 면접 안내입니다.", "ko.kakao_values": "이름 = {{ candidate.name }}",
    "ko.kakao_code": "invite_1", "ko.kakao_button": "대화 열기", "ko.review": "approved",
}  # fmt: skip
NEW = "/desk/settings/new-template"


def test_a_template_is_written_in_two_languages_and_by_three_channels(
    ctx: Context, company: Company, desk: TestClient
) -> None:
    saved = desk.post(NEW, data=INVITE | {"key": "invite", "do": "save"})
    assert saved.headers["location"] == "/desk/settings/templates/invite#saved"
    template = find_template(ctx, company.as_jun, "invite")
    assert set(template.bodies) == {"en", "ko"}
    kakao = template.bodies["ko"].alimtalk
    assert kakao is not None
    assert kakao.sendable
    assert "Approved" in words_of(desk.get("/desk/settings/templates").text)
    page = desk.get("/desk/settings/templates/invite").text
    assert "이름 = {{ candidate.name }}" in page
    changed = INVITE | {"do": "save", "seen": hidden(page, "seen"), "en.subject": "Come!"}
    assert desk.post("/desk/settings/templates/invite", data=changed).status_code == 303
    assert desk.post("/desk/settings/templates/invite", data=changed).status_code == 422  # somebody was quicker
    assert desk.post(NEW, data=INVITE | {"key": "invite", "do": "save"}).status_code == 422
    desk.post("/desk/settings/templates/invite", data={"do": "delete"})
    assert desk.get("/desk/settings/templates/invite").status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"en.text": "Hello {{ surname }}"}, "There is no value “surname”"),
        ({"en.text": "{% for x in y %}"}, "Line 1 "),
        ({"ko.kakao_values": ""}, "#{이름} must stand in the text"),
        ({"ko.sms": "가" * 4000}, "Too long even for an LMS"),
        ({"key": "Big Key"}, "Use small letters"),
        ({"sv.sms": "Hej"}, "Write the text of the e-mail"),
        ({"variables": "link"}, "“link” cannot be a name"),
    ],
)
def test_what_cannot_be_filled_in_is_refused_with_the_field_and_all_words_kept(
    desk: TestClient, change: dict[str, str], says: str
) -> None:
    page = desk.post(NEW, data=INVITE | {"key": "invite", "do": "save"} | change)
    assert page.status_code == 422
    assert says in words_of(page.text)
    assert "invite_1" in page.text
    assert "aria-invalid" in page.text


def test_the_preview_shows_a_real_applicant_and_the_length_before_anything_is_saved(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    """SMS 90 bytes in CP949; with htmx only the preview comes back."""
    form = INVITE | {"do": "preview", "applicant": mina.thread_id, "show": "ko"}
    page = words_of(desk.post(NEW, data=form).text)
    assert "Mina Han 님, ‹interview_date›에 뵐 수 있을까요?" in page
    assert "SMS: 39 of 90 bytes" in page
    assert "Abroad: 1 part (UCS-2)" in page
    assert "Mina Han 님, 면접 안내입니다." in page
    part = desk.post(NEW, data=form | {"ko.sms": "가" * 46}, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith("<section>")
    assert "LMS: 92 of 2000 bytes" in words_of(part.text)
    missing = desk.post(NEW, data=form | {"ko.text": "{{ fields.team }}"})
    assert "“fields.team” has no value for this person" in words_of(missing.text)
    assert list_templates(ctx, company.as_jun) == []


def start_bulk(desk: TestClient, form: dict[str, str]) -> str:
    """Look at the samples, send, and give the path of its page."""
    tried = desk.post("/desk/settings/new-bulk", data=form | {"do": "try"}).text
    sure = form | {"do": "send", "tried": hidden(tried, "tried"), "key": hidden(tried, "key")}
    first, second = (desk.post("/desk/settings/new-bulk", data=sure) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]  # a double click
    return first.headers["location"]


def test_a_bulk_message_is_tried_sent_and_followed(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    """Whom by opening and stage; what is sent is what the samples showed; each in their own conversation."""
    make_applicant(ctx, company, external_id="gone-1", name="Gone", email="gone@mail.example")
    change_stage(ctx, company.ats, thread_of_applicant(ctx, company.ats, "gone-1"), "rejected")
    desk.post(NEW, data=INVITE | {"key": "invite", "do": "save"})
    form = {"who": "stage", "opening": company.opening.id, "template": "invite", "variables": "interview_date = 3 May"}
    tried = words_of(desk.post("/desk/settings/new-bulk", data=form | {"do": "try"}).text)
    assert "It would go to 1 person" in tried
    assert "can you come on 3 May?" in tried
    unseen = desk.post("/desk/settings/new-bulk", data=form | {"do": "send"})
    assert unseen.status_code == 200  # samples first
    path = start_bulk(desk, form)
    assert "0 of 1" in words_of(desk.get(path).text)
    part = desk.get(path, headers={"HX-Request": "true"}).text
    assert 'hx-trigger="every 1s"' in part
    for due in find_due_bulks(ctx):
        run_bulk(ctx, due)
    page = desk.get(path).text
    assert "Done 1 of 1" in words_of(page)
    assert "every 1s" not in page
    assert "1 of 1" in words_of(desk.get("/desk/settings/bulk").text)
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert (shown.message.author.name, shown.message.text.splitlines()[0]) == ("Jun Park", "Dear Mina Han,")


def test_a_bulk_message_goes_out_when_it_was_told_to(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, clock: FakeClock
) -> None:
    """By the workspace's clock; the progress says when, and until then it can be cancelled."""
    form = {"who": "ids", "ids": "mina-1", "text": "Hello"}
    past = desk.post("/desk/settings/new-bulk", data=form | {"at": "2020-01-01T09:00"})
    assert "Choose a time to come, within a year" in words_of(past.text)
    at = (clock() + timedelta(days=2)).astimezone(ZoneInfo("Asia/Seoul")).replace(hour=9, minute=30)
    form |= {"at": at.strftime("%Y-%m-%dT%H:%M")}
    tried = words_of(desk.post("/desk/settings/new-bulk", data=form).text)
    assert "Goes out" in tried
    assert "Schedule for 1 person" in tried
    changed = desk.post("/desk/settings/new-bulk", data=form | {"do": "send", "at": ""})
    assert changed.status_code == 200  # another time, so samples first
    path = start_bulk(desk, form)
    for due in find_due_bulks(ctx):
        run_bulk(ctx, due)
    page = words_of(desk.get(path).text)
    assert "Done 1 of 1" in page
    assert "9:30" in page
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert shown.message.goes_out_at == at.replace(second=0, microsecond=0)
    desk.post(path, data={"do": "cancel"})
    assert "Taking back" in words_of(desk.get(path).text)
    for due in find_due_bulks(ctx):
        run_bulk(ctx, due)
    assert "Cancelled 0 of 1" in words_of(desk.get(path).text)
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert shown.message.cancelled


def test_what_lacks_is_named_before_and_stops_it_after(ctx: Context, company: Company, desk: TestClient) -> None:
    """Stopped at the first without a value; mended, it goes on; cancelled, it writes to nobody more."""
    make_applicant(ctx, company)
    form = {"who": "ids", "ids": "mina-1, nobody-1", "text": "Hello"}
    assert "These are unknown: nobody-1" in words_of(desk.post("/desk/settings/new-bulk", data=form).text)
    desk.post(NEW, data=INVITE | {"key": "invite", "do": "save"})
    lacking = desk.post("/desk/settings/new-bulk", data={"who": "ids", "ids": "mina-1", "template": "invite"})
    assert "Give what is missing" in words_of(lacking.text)
    assert 'value="send"' not in lacking.text
    path = start_bulk(
        desk, {"who": "ids", "ids": "mina-1", "template": "invite", "variables": "interview_date = 3 May"}
    )
    page = desk.get("/desk/settings/templates/invite").text
    desk.post(
        "/desk/settings/templates/invite",
        data=INVITE | {"do": "save", "seen": hidden(page, "seen"), "en.text": "{{ fields.team }}"},
    )
    for due in find_due_bulks(ctx):
        run_bulk(ctx, due)
    page = words_of(desk.get(path).text)
    assert "Stopped 0 of 1" in page
    assert "mina-1 : “fields.team” has no value for this person" in page
    for where in (path, "/desk/settings/bulk"):  # each reader in their language
        assert "이 사람에게는 “fields.team” 값이 없습니다." in words_of(desk.get(f"{where}?lang=ko").text)
    desk.cookies.delete("lang")
    assert desk.post(path, data={"do": "resume"}).status_code == 303
    assert "Going out" in words_of(desk.get(path).text)
    desk.post(path, data={"do": "cancel"})
    assert "Cancelled" in words_of(desk.get(path).text)
    assert desk.post(path, data={"do": "resume"}).status_code == 303
