"""The pages in a real browser, at phone and desk width, with scripts and without (ux §4, §6, §12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser.windows import DESK, PHONE
from cast import CONTACT, Company, as_candidate
from fakes import FakeChannel
from web.web_kit import Served, path_of, wait_until

from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, MailBody
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.drafts import read_draft
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after
from gateway.usecases.templates import put_template
from gateway.usecases.views import ApplicantView

DESK_PAGES = ("/desk", "/desk/review", "/desk/openings", "/desk/settings", "/desk/applicants/new")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_a_candidate_reads_answers_with_a_file_and_is_told_so(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any, tmp_path: Path,
    scripts: bool, size: dict[str, int],
) -> None:  # fmt: skip
    """SJ-6, SJ-9."""
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="When could you come?"))
    file = tmp_path / "이력서.pdf"
    file.write_bytes(b"%PDF-1.7")
    window = open_window(size=size, scripts=scripts)
    page = window.page
    page.goto(site.url + path_of(mina))
    assert page.is_visible("text=When could you come?")
    page.fill("#text", "On Tuesday, please.")
    page.set_input_files("#files", file)
    page.click("button[type=submit]")
    page.wait_for_url("**#sent")
    assert page.is_visible("text=Your message has been sent.")
    assert page.is_visible("text=On Tuesday, please.")
    assert page.inner_text(".files a") == "이력서.pdf"
    assert page.input_value("#text") == ""
    if scripts:
        assert not window.is_sideways


@pytest.mark.parametrize("scripts", [True, False])
def test_a_rejection_while_writing_loses_no_word(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any, scripts: bool
) -> None:
    """SJ-14 … SJ-16."""
    page = open_window(size=PHONE, scripts=scripts).page
    page.goto(site.url + path_of(mina))
    page.fill("#text", "A long letter")
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    if scripts:
        page.wait_for_selector("#gate .closed")
        assert page.input_value("#text") == "A long letter"
    page.click(".write button[type=submit]")
    page.wait_for_selector("#kept")
    assert page.input_value("#kept") == "A long letter"
    assert page.get_attribute("#closed .btn", "href").startswith(f"mailto:{CONTACT}")


def test_a_reply_reaches_the_candidates_open_page_and_back(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any
) -> None:
    """Live both ways; focus stays in the emptied field; the keyboard alone is enough."""
    desk, phone = open_window(size=DESK).page, open_window(size=PHONE).page
    desk.goto(f"{site.url}/dev/login/{company.jun.id}")
    desk.goto(f"{site.url}/desk/t/{mina.thread_id}")
    phone.goto(site.url + path_of(mina))
    desk.keyboard.press("r")
    desk.keyboard.type("Hello Mina")
    desk.keyboard.press("Control+Enter")
    phone.wait_for_selector("ol.log >> text=Hello Mina")
    desk.wait_for_selector("ol.log >> text=Hello Mina")
    assert desk.input_value("#text") == ""
    assert desk.evaluate("document.activeElement.id") == "text"
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Good morning"))
    desk.wait_for_selector("ol.log >> text=Good morning")
    wait_until(lambda: "New message from Mina Han" in desk.inner_text("#status"))
    desk.keyboard.press("Escape")
    desk.keyboard.press("n")
    desk.keyboard.type("She is friendly")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector(".msg-note >> text=She is friendly")
    assert "She is friendly" not in phone.content()


def test_the_conflict_stop_keeps_the_text(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any
) -> None:
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    page.fill("#text", "My slow answer")
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true})"
    )  # another tab is in front: nothing is seen
    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="Ara was quicker"))
    page.press("#text", "Control+Enter")
    page.wait_for_selector("dialog[open] >> text=Ara was quicker")
    page.keyboard.press("Escape")
    assert page.input_value("#text") == "My slow answer"
    page.press("#text", "Control+Enter")
    page.click("dialog[open] [data-do=also]")
    page.wait_for_selector("ol.log >> text=My slow answer")
    texts = [s.message.text for s in messages_after(ctx, company.as_jun, mina.thread_id)]
    assert texts == ["Ara was quicker", "My slow answer"]


def test_a_draft_survives_a_reload_that_was_faster_than_its_saving(
    company: Company, mina: ApplicantView, site: Served, open_window: Any
) -> None:
    """The page was written before the server had the draft, and came when the old page knew it as saved."""
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    saving: list[Any] = []
    page.route("**/draft", lambda route: saving.append(route))

    def answer_late(route: Any) -> None:
        written = route.fetch()
        saving[0].fulfill(response=saving[0].fetch())
        route.fulfill(response=written)

    page.fill("#text", "half a sentence")
    with page.expect_request("**/draft"):
        pass
    page.route(f"**/desk/t/{mina.thread_id}", answer_late)
    page.reload()
    assert page.input_value("#text") == "half a sentence"


def test_a_draft_that_was_dropped_does_not_come_back(
    company: Company, mina: ApplicantView, site: Served, open_window: Any
) -> None:
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    page.fill("#text", "half a sentence")
    page.wait_for_selector("#draft-state >> text=Draft saved")
    with page.expect_response(f"**/desk/t/{mina.thread_id}*"):
        page.click(".drop-draft")
    page.reload()
    assert page.input_value("#text") == ""


def test_a_draft_survives_a_reload(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any
) -> None:
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    page.fill("#text", "half a sentence")
    page.reload()
    assert page.input_value("#text") == "half a sentence"
    page.set_input_files("#files", {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"third floor"})
    page.wait_for_selector("#draft-files >> text=plan.txt")
    page.type("#text", ".")
    page.wait_for_selector("#draft-state >> text=Draft saved")
    wait_until(lambda: read_draft(ctx, company.as_jun, mina.thread_id).text == "half a sentence.")
    elsewhere = open_window(size=PHONE).page
    elsewhere.goto(f"{site.url}/dev/login/{company.jun.id}")
    assert "Draft: half a sentence." in elsewhere.inner_text("#rows")
    elsewhere.goto(f"{site.url}/desk/t/{mina.thread_id}")
    assert elsewhere.input_value("#text") == "half a sentence."
    elsewhere.click("#draft-files button")
    elsewhere.wait_for_selector("#draft-files >> text=plan.txt", state="detached")


def test_a_template_is_chosen_by_keys_sent_and_taken_back(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any
) -> None:
    """ux §5: "/" at the start of a line; a value that lacks is named; Undo brings the words back."""
    body = Body(MailBody("Interview", "Dear {{ candidate.name }}, come on {{ day }}."))
    invite = {"purpose": Purpose.TRANSACTIONAL, "variables": ["day"], "bodies": {"en": body}}
    put_template(ctx, company.as_jun, "invite", **invite)  # type: ignore[arg-type]
    with ctx.database.begin() as tx:
        tx.drafts.set_undo_seconds(company.jun.id, 60)
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    page.type("#text", "/inv")
    page.wait_for_selector("[role=option][aria-selected=true] >> text=invite")
    page.keyboard.press("Enter")
    assert page.input_value("#text") == "Dear Mina Han, come on ‹day›."
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#compose-error >> text=Which day?")
    page.fill("#text", "Dear Mina Han, come on Tuesday.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("ol.log .pending >> text=Tuesday")
    assert page.input_value("#text") == ""
    page.click("[data-undo]")
    page.wait_for_selector("ol.log >> text=It was taken back.")
    assert page.input_value("#text") == "Dear Mina Han, come on Tuesday."


@pytest.mark.parametrize("scripts", [True, False])
def test_the_desk_works_on_a_phone(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any, scripts: bool
) -> None:
    """One pane at a time: list, conversation, reply, reject, back."""
    window = open_window(size=PHONE, scripts=scripts)
    page = window.page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.click("#rows a.row")
    page.fill("#text", "Hello")
    page.click(".composer button[value=send]")
    page.wait_for_selector("ol.log >> text=Hello")
    page.click("a[href='#applicant']")
    page.click("#applicant >> text=Reject")
    page.click("button[value=silent]")
    page.wait_for_selector("text=cannot answer here")
    page.click("a[data-key=u]")
    assert page.is_visible("#list-title")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_no_page_scrolls_sideways(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any, channel: FakeChannel,
    width: int, dark: bool,
) -> None:  # fmt: skip
    long = "https://example.com/" + "a" * 300
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=long))
    window = open_window(size={"width": width, "height": 700}, dark=dark)
    window.page.goto(f"{site.url}/dev/login/{company.jun.id}")
    thread = f"/desk/t/{mina.thread_id}"
    for path in (path_of(mina), thread, f"{thread}/reject", "/sign-in", "/c/lost", "/nope", *DESK_PAGES):
        window.page.goto(site.url + path)
        assert not window.is_sideways, path


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_below_the_end_of_a_long_page_of_the_desk_there_is_no_blank_one(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any, size: dict[str, int]
) -> None:
    """What only screen readers see, far down in the part that scrolls, made the window itself scroll to nothing."""
    words = Body(MailBody("Interview", "Dear {{ candidate.name }}"))
    bodies = dict.fromkeys(("en", "ko", "cs", "ru", "sv"), words)
    put_template(ctx, company.ats, "invite", purpose=Purpose.TRANSACTIONAL, variables=(), bodies=bodies)
    page = open_window(size=size).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    for path in ("/desk/settings/templates/invite", "/desk/settings/security", "/desk/openings"):
        page.goto(site.url + path)
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), path
