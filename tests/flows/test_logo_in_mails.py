"""The company's logo in mails: there with each letter, and no file of the candidate's when it comes back (ux §11)."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from cast import HR, JUN, MINA, Company, make_applicant
from fakes import FakeChannel
from running import Pump, both_databases
from web.test_look import LOSSY, make_png

from flows.test_conversation import receive
from gateway.outbound.compose import compose_mail
from gateway.threads.channel import Capabilities, Outgoing
from gateway.usecases import branding
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after
from gateway.usecases.review_inbox import read_raw
from gateway.usecases.sign_in import ask_login_link
from gateway.usecases.views import ApplicantView

LOGO = make_png(192, 64)
CLIENTS = ["gmail", "apple", "outlook", "no disposition"]


def written(ctx: Context, outgoing: Outgoing) -> EmailMessage:
    raw = compose_mail(outgoing, date=ctx.now, domain=ctx.settings.reply_domain)
    mail = email.message_from_bytes(raw, policy=SMTP)
    assert isinstance(mail, EmailMessage)
    return mail


def answer_as(client: str, mail: EmailMessage, words: str, *, as_file: bytes = b"") -> bytes:
    """An answer that quotes the mail's HTML with its picture, as this client sends it."""
    html = mail.get_body(("html",))
    assert html is not None
    (picture,) = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    old = picture["Content-ID"].strip("<>")
    new = {"gmail": "ii_19abc", "outlook": "image001.png@01DB0001"}.get(client, old)
    name = {"gmail": "picture.png", "outlook": "image001.png"}.get(client, "picture.png")
    quoted = html.get_content().replace(f"cid:{old}", f"cid:{new}")
    answer = EmailMessage(policy=SMTP)
    answer["From"], answer["To"], answer["Subject"] = f"Mina Han <{MINA}>", mail["From"], f"Re: {mail['Subject']}"
    answer["In-Reply-To"] = mail["Message-ID"]
    answer.set_content(f"{words}\n")
    answer.add_alternative(
        f'<div>{words}</div><div class="gmail_quote"><div class="gmail_attr">On Mon Jun wrote:<br></div>'
        f'<blockquote class="gmail_quote">{quoted}</blockquote></div>',
        subtype="html",
    )
    body = answer.get_body(("html",))
    assert body is not None
    how = "attachment" if client == "gmail" else "inline"
    content = picture.get_content()
    body.add_related(content, "image", "png", filename=name, cid=f"<{new}>", disposition=how)
    if client == "no disposition":
        del list(body.iter_parts())[-1]["Content-Disposition"]
    if as_file:
        answer.add_attachment(as_file, maintype="image", subtype="png", filename="your-logo.png")
    return answer.as_bytes()


def send_letter(ctx: Context, company: Company, view: ApplicantView, pump: Pump, channel: FakeChannel) -> Outgoing:
    post_message(ctx, company.as_jun, view.thread_id, NewMessage(text="When could you come?"))
    pump()
    return channel.to(MINA)[-1]


@both_databases
def test_the_letter_shows_the_logo_and_says_the_same_in_its_text(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    view = make_applicant(ctx, company)
    without = send_letter(ctx, company, view, pump, channel)
    assert without.pictures == ()
    assert "<img" not in without.html
    branding.set_logo(ctx, company.as_jun, LOGO)
    letter = send_letter(ctx, company, view, pump, channel)
    assert letter.text == without.text
    (tag,) = re.findall(r"<img[^>]*>", letter.html)
    (picture,) = letter.pictures
    assert f'src="cid:{picture.content_id}"' in tag
    assert 'alt="Moa Labs"' in tag
    assert 'width="96" height="32"' in tag
    assert letter.html.index("<img") < letter.html.index("When could you come?", letter.html.index("<table"))
    mail = written(ctx, letter)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    (image,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert image.get_content() == LOGO
    assert image["Content-ID"] == f"<{picture.content_id}>"
    assert image.get_content_disposition() == "inline"
    assert len(letter.html.encode()) < 12_000  # ux §11; Gmail folds what is beyond 102 kB


def test_a_batch_shares_one_picture(ctx: Context, company: Company, pump: Pump, channel: FakeChannel) -> None:
    channel.capabilities = Capabilities(stable_key=True, batch=50)
    branding.set_logo(ctx, company.as_jun, LOGO)
    for number in range(5):
        view = make_applicant(ctx, company, external_id=f"p-{number}", email=f"p-{number}@mail.example")
        post_message(ctx, company.as_jun, view.thread_id, NewMessage(text=f"hello {number}"))
    pump()
    letters = [o for o in channel.sent if o.to.startswith("p-")]
    assert len(letters) == 5
    assert len({id(o.pictures[0].content) for o in letters}) == 1


def test_mail_clients_that_know_no_webp_get_words_only(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    branding.set_logo(ctx, company.as_jun, LOSSY)
    letter = send_letter(ctx, company, mina, pump, channel)
    assert letter.pictures == ()
    assert "<img" not in letter.html


def test_other_mails_in_the_companys_name_show_it_and_a_candidates_words_to_the_team_do_not(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    branding.set_logo(ctx, company.as_jun, LOGO)
    letter = send_letter(ctx, company, mina, pump, channel)
    receive(ctx, answer_as("apple", written(ctx, letter), "Tuesday"), to=letter.reply_to, from_=MINA)
    pump()
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, answer_as("apple", written(ctx, letter), "Why?"), to=letter.reply_to, from_=MINA)
    ask_login_link(ctx, JUN)
    pump()
    notice, link = channel.to(MINA)[-1], channel.to(JUN)[-1]
    assert notice.automatic == "auto-replied"
    assert [len(o.pictures) for o in (notice, link)] == [1, 1]
    (told,) = channel.to(HR)
    assert (told.pictures, told.files) == ((), ())


@pytest.mark.parametrize("client", CLIENTS)
@both_databases
def test_the_quoted_logo_is_no_file_of_the_answer(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, client: str
) -> None:
    """SJ-7, SJ-8: neither on the desk nor in the copy to the team; the raw mail keeps it."""
    view = make_applicant(ctx, company)
    branding.set_logo(ctx, company.as_jun, LOGO)
    letter = send_letter(ctx, company, view, pump, channel)
    raw = answer_as(client, written(ctx, letter), "Tuesday at two.")
    receive(ctx, raw, to=letter.reply_to, from_=MINA)
    pump()
    (answer,) = messages_after(ctx, company.as_jun, view.thread_id, after=1)
    assert answer.message.text == "Tuesday at two."
    assert answer.message.attachments == ()
    assert channel.to(HR)[-1].files == ()
    assert "picture.png" not in channel.to(HR)[-1].text
    assert read_raw(ctx, company.as_jun, answer.message.inbox_id or "") == raw


def test_an_earlier_logo_is_known_too_and_a_picture_that_is_meant_stays(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    branding.set_logo(ctx, company.as_jun, LOGO)
    mail = written(ctx, letter := send_letter(ctx, company, mina, pump, channel))
    branding.set_logo(ctx, company.as_jun, make_png(64, 64))
    branding.remove_logo(ctx, company.as_jun)
    receive(ctx, answer_as("gmail", mail, "One"), to=letter.reply_to, from_=MINA)
    receive(ctx, answer_as("outlook", mail, "Two", as_file=LOGO), to=letter.reply_to, from_=MINA)
    pump()
    one, two = messages_after(ctx, company.as_jun, mina.thread_id, after=1)
    assert [a.filename for a in one.message.attachments] == []
    assert [a.filename for a in two.message.attachments] == ["your-logo.png"]


def test_another_picture_among_the_words_is_the_candidates(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    branding.set_logo(ctx, company.as_jun, LOGO)
    letter = send_letter(ctx, company, mina, pump, channel)
    other = replace(letter, pictures=(replace(letter.pictures[0], content=make_png(50, 50)),))
    receive(ctx, answer_as("gmail", written(ctx, other), "Look"), to=letter.reply_to, from_=MINA)
    pump()
    (answer,) = messages_after(ctx, company.as_jun, mina.thread_id, after=1)
    assert len(answer.message.attachments) == 1
