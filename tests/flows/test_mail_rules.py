"""What becomes of a mail: GW-1 … GW-5, DESIGN §4.2, 4.3, 4.5, 4.7; reliability 8, 41 – 45."""

from __future__ import annotations

import pytest
from cast import HR, JUN, MINA, STRANGER, Company, as_candidate, make_applicant, make_company, make_mail
from fakes import FakeChannel, FakeProver
from running import Pump, both_databases

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from gateway.errors import Invalid, NotFound
from gateway.threads.applicant_file import ApplicantRow
from gateway.threads.channel import Failed, OutgoingFile
from gateway.threads.incoming import Proof
from gateway.threads.model import DeliveryState, InboxState
from gateway.threads.policies.privacy import hide_private
from gateway.usecases import accounts
from gateway.usecases.applicants import find_applicant, put_applicant, put_opening
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_applicant
from gateway.usecases.import_applicants import import_applicants
from gateway.usecases.index_search import index_waiting
from gateway.usecases.mend_delivery import send_again
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import list_conversations, messages_after, read_file
from gateway.usecases.receive_email import RecipientVerdict, check_recipients
from gateway.usecases.review_inbox import discard, list_entries, read_raw, release, replay
from gateway.usecases.search import search
from gateway.usecases.views import ApplicantView


def entries(ctx: Context, company: Company, state: str = "") -> list[tuple[str, str]]:
    return [(e.state.value, e.reason) for e in list_entries(ctx, company.as_jun, state=state)[0]]


@both_databases
def test_the_same_mail_again_is_one_entry_and_one_message(ctx: Context, company: Company, pump: Pump) -> None:
    """GW-2, reliability 7: retries after a lost 250; a copy by another way is kept as a duplicate."""
    mina = make_applicant(ctx, company)
    address = address_of(ctx, mina)
    raw = make_mail("once", to=address, message_id="same@mail.example")
    first = receive(ctx, raw, to=address, from_=MINA)
    assert {receive(ctx, raw, to=address.upper(), from_=MINA) for _ in range(4)} == {first}
    pump()
    receive(ctx, b"Received: from mx2.example by us\r\n" + raw, to=address, from_=MINA)
    receive(ctx, make_mail("another body", to=address, message_id="same@mail.example"), to=address, from_=MINA)
    pump()
    assert texts(ctx, company, mina) == ["once", "another body"]
    assert entries(ctx, company, "ignored") == [("ignored", "duplicate")]


@pytest.mark.parametrize("html", ["", '<div dir="ltr"><br></div>'], ids=["plain", "html"])
def test_words_in_the_subject_alone_are_the_message(ctx: Context, company: Company, pump: Pump, html: str) -> None:
    """Some write all they have to say into the subject: it must not be lost. Our own subject is no word of theirs."""
    mina = make_applicant(ctx, company)
    address = address_of(ctx, mina)
    receive(ctx, make_mail("\n", to=address, subject="I cannot come today", html=html), to=address, from_=MINA)
    pump()
    assert texts(ctx, company, mina) == ["I cannot come today"]
    for subject in (
        "Re: New message",
        "[EXTERNAL] Re: New message",
        "EXT: Re: New message",
        "SV: New message",
        "Fwd: New message",
        "",
    ):
        receive(ctx, make_mail("\n", to=address, subject=subject), to=address, from_=MINA)
    pump()
    assert texts(ctx, company, mina) == ["I cannot come today"]
    assert set(entries(ctx, company, "ignored")) == {("ignored", "empty_mail")}


def test_nobody_is_written_to_at_an_address_that_we_gave_out(ctx: Context, company: Company) -> None:
    """Mail programs offer it as the person's: mail to it came back, was dropped as our own, and counted as sent."""
    ours = address_of(ctx, make_applicant(ctx, company))
    for field, give in (
        ("email", lambda: put_applicant(ctx, company.ats, "dae-1", opening="designer", name="Dae", email=ours.upper())),
        ("email", lambda: accounts.create_member(ctx, company.workspace.id, email=ours, name="Dae", role="member")),
        (
            "public_contact",
            lambda: put_opening(ctx, company.ats, "designer", title="D", notify_emails=[], public_contact=ours),
        ),
    ):
        with pytest.raises(Invalid) as refused:
            give()
        assert (refused.value.field, refused.value.code) == (field, "email_ours")


def test_rung_two_and_three_need_a_known_sender(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """GW-1, GW-3: to the visible sender address; references or a single open thread name it, the sender must be
    theirs.
    """
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
    pump()
    ours = channel.to(MINA)[0].message_id
    address = f"{company.workspace.slug}@{ctx.settings.reply_domain}"
    receive(ctx, make_mail("fresh mail", to=address), to=address, from_=MINA)
    pump()
    second = put_applicant(ctx, company.ats, "mina-2", opening="designer", name="Mina Han", email=MINA)
    receive(ctx, make_mail("by reference", to=address, headers={"In-Reply-To": f"<{ours}>"}), to=address, from_=MINA)
    pump()
    assert texts(ctx, company, mina) == ["hello", "fresh mail", "by reference"]
    receive(ctx, make_mail("which one?", to=address), to=address, from_=MINA)
    receive(
        ctx,
        make_mail("who?", from_=STRANGER, to=address, headers={"In-Reply-To": f"<{ours}>"}),
        to=address,
        from_=STRANGER,
    )
    pump()
    assert entries(ctx, company) == [("unmatched", "no_thread"), ("unmatched", "several_threads")]
    assert texts(ctx, company, second) == []
    waiting, _ = list_entries(ctx, company.as_jun)
    release(ctx, company.as_jun, waiting[1].id, thread_id=second.thread_id)
    assert texts(ctx, company, second) == ["which one?"]


@both_databases
def test_a_new_mail_goes_to_the_only_open_conversation_and_an_answer_to_its_own(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """GW-1: one application is closed, another open. SJ-15: what belongs to the closed one is refused as ever."""
    address = f"{company.workspace.slug}@{ctx.settings.reply_domain}"
    change_stage(ctx, company.ats, mina.thread_id, "rejected", notify=NewMessage(text="We are sorry."))
    pump()
    ours = channel.to(MINA)[0]
    receive(ctx, make_mail("Why?", to=address), to=address, from_=MINA)  # there is no other yet
    pump()
    assert entries(ctx, company, "refused") == [("refused", "thread_blocked")]
    second = put_applicant(ctx, company.ats, "mina-2", opening="designer", name="Mina Han", email=MINA)
    receive(ctx, make_mail("About my new application", to=address), to=address, from_=MINA)
    answer = {"In-Reply-To": f"<{ours.message_id}>"}
    receive(ctx, make_mail("You are wrong", to=address, headers=answer), to=address, from_=MINA)
    receive(ctx, make_mail("Think again", to=ours.reply_to), to=ours.reply_to, from_=MINA)
    pump()
    assert texts(ctx, company, second) == ["About my new application"]
    assert texts(ctx, company, mina) == ["We are sorry."]
    assert entries(ctx, company, "refused") == [("refused", "thread_blocked")] * 3
    put_applicant(ctx, company.ats, "mina-3", opening="designer", name="Mina Han", email=MINA)
    receive(ctx, make_mail("About which one?", to=address), to=address, from_=MINA)
    pump()
    assert entries(ctx, company, "unmatched") == [("unmatched", "several_threads")]


def test_an_alias_is_stored_with_a_mark_and_a_stranger_is_held(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """GW-4: the token is right, the sender is not."""
    address = address_of(ctx, mina)
    receive(
        ctx, make_mail("alias", from_="mina+jobs@mail.example", to=address), to=address, from_="mina+jobs@mail.example"
    )
    receive(ctx, make_mail("stranger", from_=STRANGER, to=address), to=address, from_=STRANGER)
    pump()
    (shown,) = messages_after(ctx, company.ats, mina.thread_id)
    assert (shown.message.text, shown.message.mark) == ("alias", "other_address:mina+jobs@mail.example")
    assert entries(ctx, company) == [("held", "other_sender")]
    assert {o.to for o in channel.sent} == {JUN, HR}
    (held,), _ = list_entries(ctx, company.as_jun)
    assert list_conversations(ctx, company.as_jun)[0][0].held == 1
    assert discard(ctx, company.as_jun, held.id).state is InboxState.DISCARDED
    assert b"stranger" in read_raw(ctx, company.as_jun, held.id)


def test_a_recruiters_unproven_mail_is_never_passed_on(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, prover: FakeProver
) -> None:
    """DESIGN §4.5: held; a release through the API sends it, under the recruiter's name."""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="question"))
    pump()
    address = channel.to(JUN)[0].reply_to
    prover.by_address[JUN] = Proof.NONE
    receive(ctx, make_mail("pay a deposit", from_=JUN, to=address), to=address, from_=JUN)
    receive(ctx, make_mail("me too", from_=STRANGER, to=address), to=address, from_=STRANGER)
    pump()
    assert channel.to(MINA) == []
    assert sorted(entries(ctx, company)) == [("held", "other_sender"), ("held", "unproven_recruiter")]
    (entry,) = (e for e in list_entries(ctx, company.ats)[0] if e.reason == "unproven_recruiter")
    release(ctx, company.ats, entry.id)
    pump()
    (mail,) = channel.to(MINA)
    assert "pay a deposit" in mail.text
    assert mail.from_name.startswith("Jun Park")


def test_a_colleague_answering_from_a_forwarded_copy_is_the_author(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """SJ-12: the proven address decides, not whose copy it was."""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="question"))
    pump()
    address = channel.to(JUN)[0].reply_to
    receive(ctx, make_mail("answer", from_=HR, name="People team", to=address), to=address, from_=HR)
    pump()
    author = messages_after(ctx, company.ats, mina.thread_id)[-1].message.author
    assert author.email == HR


def test_what_a_recruiter_quotes_does_not_reach_the_candidate(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """SJ-13, GW-7: neither the notice's links and tokens nor the recruiter's address."""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="question"))
    pump()
    notice = channel.to(JUN)[0]
    quoted = "\n".join(f"> {line}" for line in notice.text.splitlines())
    body = f"Yes, gladly. Write to {JUN} or see http://gateway.test/desk/t/{mina.thread_id}\n\nJun\n{JUN}\n"
    body += f"\nOn Mon, Mina via Moa wrote:\n{quoted}\n"
    receive(ctx, make_mail(body, from_=JUN, to=notice.reply_to), to=notice.reply_to, from_=JUN)
    pump()
    (mail,) = channel.to(MINA)
    everything = mail.text + mail.html
    assert "Yes, gladly." in everything
    assert JUN not in everything
    assert notice.reply_to.split("@")[0] not in everything
    assert "/desk/" not in everything
    shown = messages_after(ctx, company.as_jun, mina.thread_id)[-1].message
    assert JUN in shown.folded  # the team still has the original


def test_recipients(ctx: Context, company: Company, mina: ApplicantView) -> None:
    """DESIGN §4.4, reliability 21: only what we issued, postmaster and abuse."""
    address = address_of(ctx, mina)
    local, _, domain = address.partition("@")
    good = [
        address,
        address.upper(),
        address.replace("+", "-", 1),
        "postmaster",
        f"abuse@{domain}",
        f"moalabs@{domain}",
    ]
    unknown = [
        f"{local[:-1]}a@{domain}",
        f"nobody@{domain}",
        f'"{local}"@{domain}',
        f"a@b@{domain}",
        "",
        f"x%y@{domain}",
    ]
    foreign = ["user@elsewhere.example", f"{address}.", f"{local}@{domain}.other.example", "user@[127.0.0.1]"]
    assert {check_recipients(ctx, [a])[0] for a in good} == {RecipientVerdict.ACCEPTED}
    assert {check_recipients(ctx, [a])[0] for a in unknown if a != address} == {RecipientVerdict.UNKNOWN}
    assert {check_recipients(ctx, [a])[0] for a in foreign} == {RecipientVerdict.RELAY}


def test_mail_to_postmaster_waits_in_the_review_queue(ctx: Context, company: Company, pump: Pump) -> None:
    """DESIGN §6."""
    receive(ctx, make_mail("hello postmaster", from_=STRANGER), to="postmaster", from_=STRANGER)
    pump()
    assert entries(ctx, company) == [("unmatched", "for_postmaster")]


@pytest.mark.parametrize(
    "raw", [b"", b"\0\xff\xfe", b"Subject: x\r\n\r\n", b"From: broken <<\r\nContent-Type: multipart/mixed\r\n\r\nbody"]
)
def test_broken_mail_is_visible_with_its_raw_bytes(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, raw: bytes
) -> None:
    """DESIGN §4.3: whatever was accepted is somewhere, with a reason and the same bytes."""
    address = address_of(ctx, mina)
    receive(ctx, raw, to=address, from_=MINA)
    pump()
    found = [e for s in InboxState for e in list_entries(ctx, company.as_jun, state=s)[0]]
    assert len(found) == 1
    assert found[0].reason
    if raw:
        assert read_raw(ctx, company.as_jun, found[0].id) == raw


def test_a_held_mail_can_be_replayed_after_its_sender_became_known(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """DESIGN §4.3: replay understands the raw mail again with today's facts."""
    address = address_of(ctx, mina)
    receive(ctx, make_mail("new address", from_="mina@new.example", to=address), to=address, from_="mina@new.example")
    pump()
    put_applicant(ctx, company.ats, "mina-1", opening="designer", name="Mina Han", email="mina@new.example")
    (held,), _ = list_entries(ctx, company.as_jun)
    assert replay(ctx, company.as_jun, held.id).state is InboxState.THREADED
    assert texts(ctx, company, mina) == ["new address"]


def test_a_bounce_is_tied_to_its_delivery(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """Reliability 31, GW-5: the return path names the delivery; a hard bounce suppresses the address until somebody
    corrects it.
    """
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
    pump()
    path = channel.to(MINA)[0].envelope_from
    report = (
        b"From: MAILER-DAEMON@mx.example\r\nTo: x\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        b"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        b"Final-Recipient: rfc822; mina@mail.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
    )
    receive(ctx, report, to=path, from_="")
    pump()
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    delivery = shown.deliveries[0]
    assert (delivery.state, delivery.code) == (DeliveryState.BOUNCED, "5.1.1")
    assert list_conversations(ctx, company.as_jun, view="attention")[0][0].failed == 1
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="again"))
    pump()
    assert len(channel.to(MINA)) == 1
    again = messages_after(ctx, company.as_jun, mina.thread_id)[-1].deliveries[0]
    assert (again.state, again.reason) == (DeliveryState.SKIPPED, "suppressed")
    send_again(ctx, company.as_jun, delivery.id, to="mina@right.example")
    pump()
    assert [o.text.count("hello") for o in channel.to("mina@right.example")] == [1]
    assert list_conversations(ctx, company.as_jun, view="attention")[0] == []


@both_databases
def test_a_corrected_address_is_the_applicants_until_the_ats_knows_another(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """The API says it, the search finds it, and what the ATS said before does not come back with its next word."""

    def put(email: str, name: str = "Mina Han") -> str:
        return put_applicant(ctx, company.ats, "mina-1", opening="designer", name=name, email=email).applicant.email

    def correct(email: str) -> None:
        channel.script.append(Failed("5.1.1", "no such user"))
        posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
        pump()
        send_again(ctx, company.as_jun, posted.deliveries[0].id, to=email)
        pump()
        assert channel.sent[-1].to == email

    index_waiting(ctx)
    correct("mina@right.example")
    index_waiting(ctx)
    assert find_applicant(ctx, company.ats, "mina-1").applicant.email == "mina@right.example"
    assert [p.thread_id for p in search(ctx, company.as_jun, "right.example").people] == [mina.thread_id]
    with ctx.database.read() as tx:
        told = tx.events.named(mina.thread_id, ("applicant.updated",))[-1]
    assert told.data == {"changed": "email", "by": company.as_jun.name}
    assert put(MINA, name="Mina Han-Novak") == "mina@right.example"
    row = ApplicantRow(2, {"external_id": "mina-1", "opening": "designer", "name": "Mina Han", "email": ""})
    import_applicants(ctx, company.ats, [row], dry_run=False)
    assert put(MINA) == "mina@right.example"  # an empty cell of a file says nothing
    correct("mina@better.example")
    assert put(MINA) == "mina@better.example"
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="again"))
    pump()
    assert channel.sent[-1].to == "mina@better.example"
    assert put("mina@new.example") == "mina@new.example"  # the ATS says something new
    assert put(MINA) == MINA  # and may say anything again
    correct("mina@right.example")
    assert put("mina@right.example") == "mina@right.example"  # it has heard of it
    assert put(MINA) == MINA
    correct("mina@right.example")
    erase_applicant(ctx, company.ats, mina.thread_id)
    with ctx.database.read() as tx:
        left = tx.people.find_applicant(company.workspace.id, "mina-1")
    assert left
    assert (left.email, left.corrected) == ("", {})


def test_a_failed_delivery_is_shown_and_can_be_sent_again(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    channel.script.append(Failed("5.2.2", "mailbox full"))
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
    pump()
    delivery = messages_after(ctx, company.as_jun, mina.thread_id)[0].deliveries[0]
    assert (delivery.state, delivery.code) == (DeliveryState.FAILED, "5.2.2")
    send_again(ctx, company.as_jun, delivery.id)
    pump()
    delivery = messages_after(ctx, company.as_jun, mina.thread_id)[0].deliveries[0]
    assert delivery.state is DeliveryState.ACCEPTED
    assert {o.message_id for o in channel.to(MINA)} == {delivery.rfc_message_id}  # DESIGN §4.7: the same each time


def test_nothing_crosses_between_companies(ctx: Context, company: Company, mina: ApplicantView, pump: Pump) -> None:
    """DESIGN §4.8: another company's key or recruiter sees neither thread, nor mail, nor raw bytes."""
    other = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    address = address_of(ctx, mina)
    receive(ctx, make_mail("held", from_=STRANGER, to=address), to=address, from_=STRANGER)
    pump()
    (entry,), _ = list_entries(ctx, company.as_jun)
    for viewer in (other.as_jun, other.ats):
        assert list_entries(ctx, viewer)[0] == []
        assert list_conversations(ctx, viewer)[0] == []
        for call in (
            lambda v=viewer: messages_after(ctx, v, mina.thread_id),
            lambda v=viewer: post_message(ctx, v, mina.thread_id, NewMessage(text="x")),
            lambda v=viewer: read_raw(ctx, v, entry.id),
            lambda v=viewer: release(ctx, v, entry.id),
        ):
            with pytest.raises(NotFound):
                call()
    put_opening(ctx, other.ats, "designer", title="Same external id", notify_emails=[])


def test_files_that_name_the_recruiter_stay_with_the_team(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """GW-7: a visiting card and an enclosed notice are kept for the team; the plan goes to the candidate."""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="question"))
    pump()
    notice = channel.to(JUN)[0]
    head = (
        f"From: {JUN}\r\nTo: x\r\nSubject: Re\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    )
    parts = [
        "Content-Type: text/plain\r\n\r\nSee the plan.",
        f'Content-Type: text/vcard\r\nContent-Disposition: attachment; filename="jun.vcf"\r\n\r\nEMAIL:{JUN}',
        f"Content-Type: message/rfc822\r\n\r\nSubject: notice\r\n\r\nanswer to {notice.reply_to}",
        'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="plan.pdf"\r\n\r\n%PDF',
    ]
    raw = (head + "".join(f"--b\r\n{p}\r\n" for p in parts) + "--b--\r\n").encode()
    receive(ctx, raw, to=notice.reply_to, from_=JUN)
    pump()
    (mail,) = channel.to(MINA)
    assert [f.filename for f in mail.files] == ["plan.pdf"]
    seen = messages_after(ctx, as_candidate(ctx, mina), mina.thread_id)[-1].message
    assert [a.filename for a in seen.attachments] == ["plan.pdf"]
    kept = messages_after(ctx, company.as_jun, mina.thread_id)[-1].message.attachments
    assert len(kept) == 3
    for file in kept:
        if file.private:
            with pytest.raises(NotFound):
                read_file(ctx, as_candidate(ctx, mina), file.id)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("write to jun@moalabs.example or call", "write to ••• or call"),
        ("jun@moalabs.example", None),
        ("https://safe.example/?url=http%3A%2F%2Fgateway.test%2Fdesk%2Ft%2Fx&data=jun%40moalabs.example", "https"),
        ("junior@moalabs.example.org", "junior@moalabs.example.org"),
    ],
)
def test_what_is_hidden_in_a_line(line: str, shown: str | None) -> None:
    """GW-7: own address, our links, and both in percent-encoded form."""
    hidden = hide_private(
        f"a\n{line}\nb", addresses=[JUN], reply_domain="reply.example.test", public_url="http://gateway.test"
    )
    assert JUN not in hidden
    assert "moalabs.example&" not in hidden
    assert "gateway.test" not in hidden
    if shown is None:
        assert hidden == "a\nb"
    else:
        assert shown in hidden


def test_a_flood_in_one_thread_is_held_and_harms_nobody_else(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """DESIGN §4.10: the limit counts what entered this thread; forged mail elsewhere holds nothing of the real
    sender.
    """
    address, limit = address_of(ctx, mina), ctx.settings.sender_mails_per_hour
    for number in range(limit + 2):
        receive(ctx, make_mail(f"to postmaster {number}"), to="postmaster", from_=MINA)
    pump()
    for number in range(limit + 2):
        receive(ctx, make_mail(f"mail {number}", to=address, message_id=f"f{number}@x.example"), to=address, from_=MINA)
    pump()
    assert len(messages_after(ctx, company.ats, mina.thread_id, limit=500)) == limit
    assert [e for e in entries(ctx, company, "held")] == [("held", "too_many")] * 2


def test_the_links_in_a_recruiters_mail_lead_to_the_desks_files(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """SJ-2: the file that the notice links is the one that the desk hands out; odd names are made harmless."""
    file = OutgoingFile("../a\u202egpj.exe", "application/pdf", b"%PDF")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="see", files=(file,)))
    pump()
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    (attachment,) = shown.message.attachments
    assert attachment.filename == "agpj.exe"
    assert f"http://gateway.test/desk/files/{attachment.id}/agpj.exe" in channel.to(JUN)[0].text


def test_a_cursor_of_the_inbox_must_be_one_of_ours(ctx: Context, company: Company) -> None:
    """DESIGN §6: bad input names the field and the remedy."""
    with pytest.raises(Invalid) as refused:
        list_entries(ctx, company.as_jun, cursor="garbage")
    assert refused.value.field == "cursor"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("\u200b\u2060\ufeff\xad\n", ""),
        ("\u3164\u115f\n", ""),
        ("\u200b\n", "<style>p { color: red }</style><p>&#8203;&shy;<br></p>"),
    ],
    ids=["no width", "fillers", "html"],
)
def test_a_mail_that_shows_nothing_is_empty(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, text: str, html: str
) -> None:
    address = address_of(ctx, mina)
    receive(ctx, make_mail(text, to=address, html=html), to=address, from_=MINA)
    pump()
    assert entries(ctx, company, "ignored") == [("ignored", "empty_mail")]
    receive(ctx, make_mail(text, to=address, html=html, subject="I cannot come"), to=address, from_=MINA)
    picture = '<p>&#8203;<img src="https://mail.example/map.png"></p>'
    receive(ctx, make_mail("\u200b", to=address, html=picture), to=address, from_=MINA)
    pump()
    assert texts(ctx, company, mina)[0] == "I cannot come"
    assert len(texts(ctx, company, mina)) == 2
