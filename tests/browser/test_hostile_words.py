"""What people, companies and machines write never becomes code: 390 tries in every field, pages and mails (PE-X)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from browser.payloads import FAMILIES, PAYLOADS, SAMPLES
from browser.windows import DESK, OpenWindow
from cast import MINA, STRANGER, Company, as_candidate, make_mail
from fakes import FakeChannel
from playwright.sync_api import Page
from running import Pump
from web.web_kit import Served, browser_of, make_app, path_of

from gateway.store.writer import MailWriter
from gateway.threads.addresses import reply_address
from gateway.threads.channel import OutgoingFile
from gateway.threads.incoming import Envelope
from gateway.threads.model import MessageKind, Role
from gateway.usecases.accounts import update_workspace
from gateway.usecases.applicants import put_applicant, put_opening
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import read_page
from gateway.usecases.receive_email import accept_mail
from gateway.usecases.review_inbox import list_entries
from gateway.usecases.views import ApplicantView

pytestmark = pytest.mark.timeout(240)
BATCH = 5

_LOOK = r"""() => {
  const wrong = [...document.querySelectorAll(
    'script:not([src^="/static/"]), iframe, object, embed, base, frame, style, math, foreignObject, svg script, ' +
    'meta[http-equiv=refresh], link:not([href^="/static/"]):not([href^="/brand/"]):not([rel=icon]), img[name], ' +
    '.bubble [hx-get], .bubble form, .bubble [style]')].map(e => e.outerHTML.slice(0, 120));
  for (const element of document.querySelectorAll('*'))
    for (const {name, value} of element.attributes) {
      if (/^(on|hx-on|srcdoc|style$|background$|ping$)/i.test(name)) wrong.push(name + '=' + value);
      if (!/^(href|xlink:href|src|action|formaction|data)$/i.test(name)) continue;
      const url = new URL(value, location.href);
      const link = element.tagName === 'A' && ['http:', 'https:', 'mailto:'].includes(url.protocol);
      if (!link && url.origin !== location.origin && value !== 'data:,') wrong.push(name + '=' + value);
    }
  return wrong;
}"""


class Trap:
    """Listens to a page for anything that ran or asked another server."""

    def __init__(self, page: Page, home: str) -> None:
        self.caught: list[str] = []
        page.on("dialog", lambda dialog: (self.caught.append(f"dialog on {page.url}"), dialog.dismiss()))
        page.on("request", lambda request: self._ask(request.url, home))
        self.page = page

    def _ask(self, url: str, home: str) -> None:
        if not url.startswith((home, "data:,", "about:")):
            self.caught.append(f"asked {url}")

    def look(self, path: str) -> None:
        """Open a page and look at all its elements and attributes."""
        self.page.goto(path)
        self.caught += [f"{path}: {wrong}" for wrong in self.page.evaluate(_LOOK)]


def send_mail(ctx: Context, company: Company, view: ApplicantView, number: int, family: tuple[str, ...]) -> None:
    """A mail full of one family: name, subject, text, HTML and file names; by a stranger every second time."""
    people = read_page(ctx, company.as_jun, view.thread_id).conversation.participants
    person = next(p for p in people if p.role is Role.CANDIDATE)
    to = reply_address(ctx.settings.key, person.id, ctx.settings.reply_domain)
    html = "".join(f"<div>{payload}</div>" for payload in family)
    flat = [" ".join(payload.split()) for payload in family]
    raw = make_mail(
        "\n\n".join(family).replace("\0", ""),
        from_=STRANGER if number % 2 else MINA,
        name=flat[0].replace('"', "'").encode("ascii", "ignore").decode(),
        to=to,
        subject="".join(c for c in flat[-1] if c.isprintable()),
        html=html.replace("\0", ""),
        files={payload: b"x" for payload in flat[:8] if payload.isprintable()},
    )
    writer = MailWriter(ctx.database)
    accept_mail(ctx, writer, Envelope(mail_from=MINA, rcpt_tos=(to,), peer="192.0.2.1"), raw).result(10)
    writer.close()


@pytest.fixture
def hostile(ctx: Context, company: Company, mina: ApplicantView, pump: Pump) -> list[ApplicantView]:
    """Mina's conversation with every payload in it, and one applicant for each sample, hostile in all short fields."""
    for start in range(0, len(PAYLOADS), BATCH):
        batch = PAYLOADS[start : start + BATCH]
        files = tuple(OutgoingFile(payload, "text/plain", b"x") for payload in batch)
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="\n\n".join(batch), files=files))
    for number, family in enumerate(FAMILIES.values()):
        send_mail(ctx, company, mina, number, family)
    views = []
    for number, payload in enumerate(SAMPLES):
        name = "".join(c for c in payload if c.isprintable()).strip() or "x"
        opening, _ = put_opening(ctx, company.ats, f"o-{number}", title=name, notify_emails=[company.jun.email])
        view = put_applicant(
            ctx, company.ats, f"a-{number}", opening=opening.external_id, name=name, email=f"a{number}@mail.example"
        )
        change_stage(ctx, company.as_jun, view.thread_id, name)
        note = NewMessage(text=payload, kind=MessageKind.NOTE)
        post_message(ctx, company.as_jun, view.thread_id, note)
        post_message(ctx, company.ats, view.thread_id, NewMessage(text=payload, html=payload, author_name=name[:100]))
        views.append(view)
    pump()
    return views


def test_nothing_that_was_written_runs(
    ctx: Context, company: Company, mina: ApplicantView, hostile: list[ApplicantView], channel: FakeChannel,
    site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    """Reliability 51, 53, 56: lists, conversations, candidates' pages, review queue and every mail, in a browser
    that reports what runs.
    """
    update_workspace(ctx, company.as_jun, name=SAMPLES[1])
    window = open_window(size=DESK)
    trap = Trap(window.page, site.url)
    trap.look(f"{site.url}/dev/login/{company.jun.id}")
    entries, _ = list_entries(ctx, company.as_jun, limit=20)
    assert len(entries) > 5
    for path in (
        *(
            "/desk/all",
            "/desk/openings",
            "/desk/figures",
            "/desk/review",
            "/desk/settings",
            f"/desk/t/{mina.thread_id}",
        ),
        *(path_of(mina), f"{path_of(mina)}?lang=ko"),
        *(f"/desk/review/{entry.id}" for entry in entries),
        *(f"/desk/t/{view.thread_id}" for view in hostile[::3]),
        *(f"/desk/t/{view.thread_id}/reject" for view in hostile[1::6]),
        *(path_of(view) for view in hostile),
    ):
        trap.look(site.url + path)
    for word, at in (("tick", f"/desk/t/{mina.thread_id}"), ("tock", path_of(mina))):
        trap.look(site.url + at)
        post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text=f"{word} {' '.join(SAMPLES)}"))
        window.page.wait_for_selector(f"ol.log >> text={word}")
        trap.caught += window.page.evaluate(_LOOK)
    assert trap.caught == []
    open_all_mails(channel, open_window(size=DESK).page)


def open_all_mails(channel: FakeChannel, page: Page) -> None:
    """A mail client has no policy of ours: the mails are shown without one, by a browser that runs what it can."""
    trap = Trap(page, "about:")
    assert len(channel.sent) >= len(SAMPLES)
    for mail in channel.sent:
        page.set_content(mail.html, wait_until="domcontentloaded")
        assert "\n" not in mail.subject + mail.from_name + mail.to_name
    page.evaluate("new Promise(done => setTimeout(done, 50))")
    assert trap.caught == []


def test_what_an_address_or_a_header_says_is_never_echoed_as_markup(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    """Reliability 51: query strings, paths, search words, form fields and headers; no answer names a header of our
    choosing.
    """
    app = make_app(ctx, company)
    desk, visitor = browser_of(app, company.jun), browser_of(app)
    for payload in SAMPLES:
        asked = {"lang": payload, "before": payload, "q": payload, "next": payload, "stage": payload, "state": payload}
        header = payload.encode("ascii", "ignore").decode().translate({c: None for c in range(32)})
        said = {"Accept-Language": header, "X-Forwarded-Host": header, "X-Forwarded-Proto": header}
        answers = [
            *(desk.get(path, params=asked, headers=said) for path in ("/desk/all", "/desk/review", "/sign-in")),
            visitor.get(path_of(mina), params=asked, headers=said),
            visitor.get("/c/" + quote(payload, safe="")),
            visitor.post("/c/lost", data={"email": payload}),
            visitor.post("/sign-in", data={"email": payload, "password": payload, "next": payload}),
            desk.post("/desk/settings", data={"name": "", "public_contact": payload, "brand": payload}),
            desk.post("/desk/openings/new", data={"title": "", "notify_emails": payload, "public_contact": payload}),
        ]
        for answer in answers:
            assert answer.status_code < 500
            assert "evil.example" not in answer.headers.get("location", "")
            if "<" in payload:
                assert payload not in answer.text
