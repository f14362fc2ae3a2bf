"""A recruiter answers by mail, proven by the company's own Postfix; their address stays here (SJ-12, GW-4, GW-7)."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage
from html import escape
from pathlib import Path
from urllib.parse import quote

from real.gateway import Gateway
from real.mail import find_leaks, plain_text, read, write_mail
from real.mutt import Writer, answer_with_mutt
from real.network import Post

MINHO = "minho@moalabs.example"
FORGED = "forged@moalabs.example"


def test_recruiters_answer_leaks_nothing(gateway: Gateway, post: Post, tmp_path: Path) -> None:
    """By mutt with quote and signature, then as Outlook writes HTML: under their name, without their address."""
    box, minho = post.box("byte"), post.box("minho")
    applicant = gateway.add_applicant("byte", box.address, notify=(MINHO, "seoyeon@moalabs.example"))
    thread = applicant["thread_id"]
    gateway.post(thread, "When could you come?")
    box.wait(1)
    before = len(minho.raws())
    say(post, write_mail("Tuesday.", from_=box.address, to=gateway.reply_address(thread, box.address)), box.address)
    notice = minho.wait(before + 1)
    own = read(notice)["Reply-To"].addresses[0].addr_spec

    signature = f"Minho Park\nMoa Labs\nMail: {MINHO}\nhttps://moalabs.example"
    writer = Writer(MINHO, "Minho Park", signature=signature)
    answer_with_mutt(
        tmp_path, writer, mailbox=minho.path, to=notice, words="Great, see you.", smtp_port=post.provider.port
    )
    by_mutt = box.wait(2)
    assert "Great, see you." in plain_text(by_mutt)
    say(post, outlook_mail(own, notice), MINHO)
    by_outlook = box.wait(3)
    assert "Bring your laptop" in plain_text(by_outlook)
    assert "maps.example" in plain_text(by_outlook)
    assert "Tuesday." not in plain_text(by_outlook)

    tokens = [own.partition("@")[0].removeprefix("r+")]
    tokens.append(gateway.reply_address(thread, "seoyeon@moalabs.example").partition("@")[0].removeprefix("r+"))
    secrets = [MINHO, "minho@", "minho%40", "%2Fdesk%2F", "seoyeon", "/desk/t/", "outlook.moalabs", "10.1.2.3", *tokens]
    for raw in (by_mutt, by_outlook):
        assert "Minho Park" in read(raw)["From"]
        assert find_leaks(raw, secrets) == []
    kept = gateway.wait_messages(thread, 4)
    assert [m["author"]["email"] for m in kept[2:]] == [MINHO, MINHO]


def test_unproven_recruiter_is_held(gateway: Gateway, post: Post) -> None:
    """GW-4: the right reply address from the recruiter's address, but our Postfix says `fail` or nothing of it."""
    box = post.box("forged")
    applicant = gateway.add_applicant("forged", box.address, notify=(MINHO,))
    thread = applicant["thread_id"]
    own = gateway.reply_address(thread, MINHO)
    mail = write_mail("You are rejected, ha ha.", from_=MINHO, to=own)
    mail["Authentication-Results"] = "mx.moalabs.example; dmarc=pass header.from=moalabs.example"
    say(post, mail, FORGED)
    assert gateway.wait_entry(own, "held")["reason"] == "failed_proof"
    say(post, mail, "stranger@elsewhere.example")
    gateway.wait_entry(own, "held", 2)
    assert gateway.messages(thread) == []
    gateway.post(thread, "Hello")
    assert "Hello" in plain_text(box.wait(1))


def test_no_mail_of_all_these_tests_names_a_recruiters_address(gateway: Gateway, post: Post) -> None:
    """GW-7: whatever went to a candidate in this run, in any mailbox."""
    theirs = [b for b in post.boxes.values() if b.address.endswith("@mail.example")]
    raws = [(b.address, raw) for b in theirs for raw in b.raws()]
    found = {
        address: leaks for address, raw in raws if (leaks := find_leaks(raw, [MINHO, "seoyeon@", "list@", "/desk/"]))
    }
    assert found == {}


def outlook_mail(to: str, notice: bytes) -> EmailMessage:
    """HTML with the whole notice below; the address as a link, split by tags, in headers, and in Safe Links."""
    quoted, original = str(read(notice).get_body(("html",)).get_content()), read(notice)
    safe_link = "https://eur01.safelinks.protection.outlook.com/?url="
    data = f"&data=05%7C02%7C{MINHO.replace('@', '%40')}%7C7f8e"
    desk = quote(str(re.findall(r"http://\S+/desk/t/\w+", plain_text(notice))[0]), safe="")
    mail = write_mail(
        f"Bring your laptop.\n\nMinho Park\n{MINHO}\n\n> {plain_text(notice)}",
        from_=f"Minho Park <{MINHO}>",
        to=to,
        Sender=MINHO,
        Message_ID="<ABC@outlook.moalabs.example>",
        X_Originating_IP="[10.1.2.3]",
        Disposition_Notification_To=MINHO,
    )
    html = (
        f"<html><body><div>Bring your laptop.</div><div>The way: {safe_link}https%3A%2F%2Fmaps.example%2F1{data}</div>"
        f"<div>Our thread: {safe_link}{desk}{data}</div><div>Minho Park<br><a href='mailto:{MINHO}?subject=x'>min<b>ho"
        "</b>@moalabs.example</a></div><div id='appendonsend'></div><hr style='display:inline-block;width:98%' "
        "tabindex='-1'><div id='divRplyFwdMsg' dir='ltr'><font face='Calibri, sans-serif'><b>From:</b> "
        f"{escape(original['From'])}<br><b>Sent:</b> Monday, November 23, 2026 9:00 AM<br><b>To:</b> Minho Park &lt;"
        f"{MINHO}&gt;<br><b>Subject:</b> {escape(original['Subject'])}</font><div>&nbsp;</div></div>{quoted}"
        "</body></html>"
    )
    mail.add_alternative(html, subtype="html")
    return mail


def say(post: Post, mail: EmailMessage, sender: str) -> None:
    """Hand a mail to the sender's provider."""
    with smtplib.SMTP("127.0.0.1", post.provider.port, timeout=20) as client:
        client.send_message(mail, sender, [mail["To"]])
