"""WCAG 2.2 AA by axe-core on every page and state, at 320, 768 and 1440 px, light and dark (ux §7, §14)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from browser.axe_kit import find_faults, say_all
from browser.windows import DESK, OpenWindow
from cast import MINA, STRANGER, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from running import Pump
from starlette.routing import Route
from web.web_kit import Served, path_of

from gateway.store.writer import MailWriter
from gateway.threads.addresses import reply_address
from gateway.threads.channel import Failed, OutgoingFile
from gateway.threads.incoming import Envelope
from gateway.threads.model import MessageKind, Role
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import read_page
from gateway.usecases.receive_email import accept_mail
from gateway.usecases.review_inbox import list_entries
from gateway.usecases.views import ApplicantView

pytestmark = pytest.mark.timeout(180)
LONG = "https://portfolio.example/" + "a-very-long-address-" * 15


def receive(ctx: Context, company: Company, view: ApplicantView, raw_text: str, *, from_: str) -> None:
    """A mail to the candidate's own reply address."""
    people = read_page(ctx, company.as_jun, view.thread_id).conversation.participants
    person = next(p for p in people if p.role is Role.CANDIDATE)
    to = reply_address(ctx.settings.key, person.id, ctx.settings.reply_domain)
    writer = MailWriter(ctx.database)
    raw = make_mail(raw_text, from_=from_, to=to)
    accept_mail(ctx, writer, Envelope(mail_from=from_, rcpt_tos=(to,), peer="192.0.2.1"), raw).result(10)
    writer.close()


@pytest.fixture
def lively(
    ctx: Context, company: Company, mina: ApplicantView, channel: FakeChannel, clock: FakeClock, pump: Pump
) -> ApplicantView:
    """Mina's conversation with everything in it: files, a quote, a note, a failure, a schedule, a held mail."""
    cv = OutgoingFile("한지우_포트폴리오-" + "x" * 90 + ".pdf", "application/pdf", b"%PDF-1.7")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=f"안녕하세요.\n\n{LONG}", files=(cv,)))
    clock.move(hours=30)
    receive(ctx, company, mina, "On Tuesday.\n\nOn Mon, Jun wrote:\n> Which day?\n> Jun", from_=MINA)
    pump()
    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="Strong", kind=MessageKind.NOTE))
    change_stage(ctx, company.as_jun, mina.thread_id, "Interview")
    channel.script.append(Failed("5.1.1", "no such user"))
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello Mina"))
    pump()
    later = NewMessage(text="See you soon", send_at=ctx.now + timedelta(days=2))
    post_message(ctx, company.as_jun, mina.thread_id, later)
    receive(ctx, company, mina, "From my other address", from_=STRANGER)
    pump()
    return mina


def desk_paths(ctx: Context, company: Company, view: ApplicantView, served: Served) -> list[str]:
    """Every page of the desk that a link can reach: those without a parameter from the URL table itself."""
    entry = list_entries(ctx, company.as_jun, limit=10)[0][0].id
    thread, reviewed = f"/desk/t/{view.thread_id}", f"/desk/review/{entry}"
    plain = [
        route.path
        for route in served.app.routes
        if isinstance(route, Route) and "GET" in (route.methods or ()) and route.path.startswith("/desk")
    ]
    return [
        *(path for path in plain if "{" not in path and not path.endswith(("/stream", "/counts", ".csv"))),
        *(
            thread,
            f"{thread}/reject",
            f"{thread}/merge",
            f"{thread}/consents",
            f"{thread}/data",
            f"{thread}/preview",
            reviewed,
            f"{reviewed}/source",
            f"{reviewed}/compare",
        ),
        *("/desk/openings/designer", "/desk/figures", "/desk/rejected", "/desk/no-such-page"),
    ]


def test_every_page_of_the_desk(
    ctx: Context, company: Company, lively: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    window = open_window(size=DESK)
    page, faults = window.page, {}
    page.goto(f"{site.url}/sign-in")
    faults["sign-in"] = find_faults(page)
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    for path in desk_paths(ctx, company, lively, site):
        answer = page.goto(site.url + path)
        if answer and "html" in answer.headers.get("content-type", ""):
            faults[path] = find_faults(page)
    assert not any(faults.values()), say_all(faults)


def test_every_state_of_the_candidates_page(
    ctx: Context, company: Company, lively: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    page, faults = open_window(size=DESK).page, {}
    there = site.url + path_of(lively)

    def look(state: str) -> None:
        faults[state] = find_faults(page)

    page.goto(there)
    page.click(".langs summary")
    look("open")
    page.click(".write button[type=submit]")
    page.wait_for_selector(".errors")
    look("error")
    page.fill("#text", "Thank you")
    page.click(".write button[type=submit]")
    page.wait_for_url("**#sent")
    look("sent")
    page.goto(f"{there}?lang=ko")
    look("korean")
    page.fill("#text", "One more question")
    change_stage(ctx, company.as_jun, lively.thread_id, "rejected")
    page.wait_for_selector("#gate .closed")
    look("closed while writing")
    page.click(".write button[type=submit]")
    page.wait_for_selector("#kept")
    look("closed, having written")
    page.goto(there)
    look("closed")
    page.goto(f"{there}x")
    look("dead link")
    page.fill("#email", MINA)
    page.click("button[type=submit]")
    page.wait_for_selector(".banner")
    look("asked for a new link")
    assert not any(faults.values()), say_all(faults)


def test_the_page_that_asks_whose_mail_it_is_and_the_mails_themselves(
    ctx: Context, company: Company, lively: ApplicantView, site: Served, open_window: OpenWindow,
    channel: FakeChannel, pump: Pump,
) -> None:  # fmt: skip
    """The mails are written for old mail clients; what axe can say of them in a browser holds there as well."""
    page, faults = open_window(size=DESK).page, {}
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    entry = list_entries(ctx, company.as_jun, limit=10)[0][0].id
    page.goto(f"{site.url}/desk/review/{entry}")
    page.click("button[value=ask]")
    page.wait_for_load_state()
    pump()
    link = channel.to(MINA)[-1].text.split("/c/confirm/")[1].split()[0]
    page.goto(f"{site.url}/c/confirm/{link}")
    faults["confirm"] = find_faults(page)
    page.click("button[value=yes]")
    faults["confirmed"] = find_faults(page)
    letter = open_window(size=DESK).page
    for number, mail in enumerate(channel.sent):
        letter.set_content(mail.html)
        faults[f"mail {number} {mail.to}"] = find_faults(letter, widths=(600, 360))
    assert not any(faults.values()), say_all(faults)


@pytest.mark.parametrize("locale", ["ko", "ru"])
def test_words_of_other_lengths_fit(
    ctx: Context, company: Company, site: Served, open_window: OpenWindow, locale: str
) -> None:  # fmt: skip
    """ux §9: 35 % longer words in Russian, unbroken words in Korean: the narrowest phone has room for both."""
    view = make_applicant(ctx, company, external_id=locale, locale=locale, email=f"{locale}@mail.example")
    page = open_window(size=DESK).page
    page.goto(site.url + path_of(view))
    assert find_faults(page, widths=(320,)) == []
