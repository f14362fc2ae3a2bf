"""Mails word for word on the desk: as sent, as received, as they would go out (ux §5: message menu, composer)."""

from __future__ import annotations

import re
from base64 import b64encode
from email.message import EmailMessage
from email.policy import SMTP
from html import unescape

from cast import JUN, MINA, Company, as_candidate, make_applicant, make_company, make_mail
from fakes import FakeChannel
from flows.test_conversation import receive
from running import Pump, both_databases
from starlette.testclient import TestClient
from web.test_look import make_png
from web.web_kit import browser_of, make_app, words_of

from gateway.threads.channel import OutgoingFile
from gateway.threads.drafts import Draft
from gateway.threads.model import MessageKind
from gateway.threads.policies.privacy import mask_links
from gateway.usecases import branding
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.drafts import save_draft
from gateway.usecases.erase import erase_applicant
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after, read_page, reply_addresses
from gateway.usecases.views import ApplicantView

CID = '<p>Mina <b>bold</b></p><img src="cid:pic@x"><img src="https://evil.example/p.gif"><script>alert(1)</script>'


@both_databases
def test_what_went_out_is_shown_word_for_word_even_after_everything_changed(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """The copy is of what left, not of what would leave today: the rejection since then changes nothing in it."""
    desk = browser_of(make_app(ctx, company), company.jun)
    mina = make_applicant(ctx, company)
    file = OutgoingFile("plan.txt", "text/plain", b"third floor")
    posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="See <you> on Tuesday", files=(file,)))
    pump()
    change_stage(ctx, company.as_ara, mina.thread_id, "rejected")
    (delivery,) = posted.deliveries
    (sent,) = channel.to(MINA)
    assert f"/desk/deliveries/{delivery.id}/copy" in desk.get(f"/desk/t/{mina.thread_id}").text
    page = desk.get(f"/desk/deliveries/{delivery.id}/copy")
    words = words_of(page.text)
    for said in (sent.subject, sent.from_name, sent.from_address, MINA, "plan.txt", sent.message_id):
        assert said in words
    assert mask_links(sent.text).strip() in unescape(page.text)
    assert 'sandbox=""' in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    frame = desk.get(f"/desk/deliveries/{delivery.id}/copy/html")
    assert frame.text == mask_links(sent.html)
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("sandbox")
    erase_applicant(ctx, company.as_jun, mina.thread_id)
    assert desk.get(f"/desk/deliveries/{delivery.id}/copy").status_code == 404


def test_a_copy_shows_the_logo_and_the_companys_name_once_it_is_gone(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, desk: TestClient
) -> None:
    branding.set_logo(ctx, company.as_jun, make_png())
    posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    pump()
    frame = f"/desk/deliveries/{posted.deliveries[0].id}/copy/html"
    assert f'src="data:image/png;base64,{b64encode(make_png()).decode()}"' in desk.get(frame).text
    branding.remove_logo(ctx, company.as_jun)
    assert "data:image" not in desk.get(frame).text
    assert 'alt="Moa Labs"' in desk.get(frame).text


def test_a_copy_is_for_those_who_may_read_the_conversation(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, desk: TestClient
) -> None:
    """SJ-P4: one door for copies, too; what never went out has none."""
    other = make_company(ctx, slug="other", domain="other.example")
    posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    url = f"/desk/deliveries/{posted.deliveries[0].id}/copy"
    assert "There is no copy" in words_of(desk.get(url).text)
    assert desk.get(f"{url}/html").status_code == 404
    pump()
    assert browser_of(make_app(ctx, other), other.jun).get(url).status_code == 404
    assert browser_of(make_app(ctx, company)).get(url).headers["location"].startswith("/sign-in")


def test_a_mail_as_it_was_received_loads_nothing_and_runs_nothing(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, desk: TestClient
) -> None:
    """GW-10: sanitised, remote pictures blocked; its own pictures are in the page itself."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Cc"] = f"Mina <{MINA}>", "x@y.test", "Portfolio", "dad@post.test"
    mail.set_content("Mina bold")
    mail.add_alternative(CID, subtype="html")
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    mail.get_payload()[1].add_related(png, maintype="image", subtype="png", cid="<pic@x>")  # type: ignore[index, union-attr]
    address = reply_addresses(ctx, read_page(ctx, company.as_jun, mina.thread_id).conversation)
    receive(ctx, mail.as_bytes(policy=SMTP), to=address[as_candidate(ctx, mina).id], from_=MINA)
    pump()
    message = messages_after(ctx, company.as_jun, mina.thread_id)[-1].message
    assert f"/desk/review/{message.inbox_id}/mail" in desk.get(f"/desk/t/{mina.thread_id}").text
    words = words_of(desk.get(f"/desk/review/{message.inbox_id}/mail").text)
    for said in ("Portfolio", MINA, "dad@post.test", "Mina bold"):
        assert said in words
    frame = desk.get(f"/desk/review/{message.inbox_id}/mail/html")
    assert "<b>bold</b>" in frame.text
    assert f'src="data:image/png;base64,{b64encode(png).decode()}"' in frame.text
    assert "evil.example" not in frame.text
    assert "script" not in frame.text
    assert "img-src data:;" in frame.headers["content-security-policy"]


def test_the_preview_is_what_then_goes_out_and_writes_nothing(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, desk: TestClient
) -> None:
    """GW-9: preview and send agree."""
    url = f"/desk/t/{mina.thread_id}"
    form = {"seen_seq": "0", "key": "k1", "kind": "reply", "text": "Dear Mina", "do": "preview"}
    file = {"files": ("plan.txt", b"third floor", "text/plain")}
    answer = desk.post(url, data=form, files=file)
    assert answer.headers["location"] == f"{url}/preview"
    page = words_of(desk.get(f"{url}/preview").text)
    html = desk.get(f"{url}/preview/html").text
    assert messages_after(ctx, company.as_jun, mina.thread_id) == []
    assert pump() == 0
    desk.post(url, data=form | {"do": "send"})
    pump()
    (sent,) = channel.to(MINA)
    for said in (sent.subject, sent.from_address, "plan.txt", "Nothing has been sent."):
        assert said in page
    ids = re.compile(r"/files/[0-9a-z]{26}")
    assert ids.sub("", html) == ids.sub("", mask_links(sent.html))


def test_a_preview_says_what_would_stop_it(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    url = f"/desk/t/{mina.thread_id}"
    empty = desk.get(f"{url}/preview")
    assert "Write a message or attach a file." in words_of(empty.text)
    save_draft(ctx, company.as_jun, mina.thread_id, Draft("for the team", MessageKind.NOTE))
    assert "it stays in the team" in words_of(desk.get(f"{url}/preview").text)
    assert desk.get("/desk/t/01jd0000000000000000000000/preview").status_code == 404


@both_databases
def test_an_answer_by_mail_that_crossed_another_says_so_to_the_team(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """ux §5, conflict stop: it goes out all the same, with a chip; who answers the newest has none."""
    desk = browser_of(make_app(ctx, company), company.ara)
    mina = make_applicant(ctx, company)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="When?"))
    pump()
    (told,) = channel.to(JUN)
    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="On Monday"))
    pump()
    answer = make_mail("On Tuesday", from_=JUN, name="Jun Park", headers={"In-Reply-To": f"<{told.message_id}>"})
    receive(ctx, answer, to=told.reply_to, from_=JUN)
    pump()
    assert [o.text for o in channel.to(MINA) if "On Tuesday" in o.text]
    shown = messages_after(ctx, company.as_jun, mina.thread_id)
    assert [bool(s.crossed) for s in shown] == [False, False, True]
    page = words_of(desk.get(f"/desk/t/{mina.thread_id}").text)
    assert "Perhaps written before this arrived: You, 18:00" in page
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Thanks"))
    pump()
    newest = channel.to(JUN)[-1]
    last = make_mail("Welcome", from_=JUN, name="Jun Park", headers={"In-Reply-To": f"<{newest.message_id}>"})
    receive(ctx, last, to=newest.reply_to, from_=JUN)
    pump()
    assert messages_after(ctx, company.as_jun, mina.thread_id)[-1].crossed is None
