"""Erasure leaves nothing of a person behind, wherever it was stored (SJ-P3): every column of every table and every
stored file is read.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from cast import JUN, MINA, STRANGER, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel
from running import Pump, both_databases
from sqlalchemy import func, select

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from gateway.store import tables as t
from gateway.threads.addresses import bounce_address
from gateway.threads.bulk import BulkMessage
from gateway.threads.channel import OutgoingFile
from gateway.threads.consents import ConsentKind
from gateway.threads.drafts import Draft
from gateway.threads.model import InboxState, MessageKind
from gateway.usecases.admit_sender import SenderIs
from gateway.usecases.applicants import ask_new_link, put_applicant
from gateway.usecases.bulk import run_bulk, start_bulk
from gateway.usecases.change_stage import change_stage
from gateway.usecases.confirm_sender import answer_question, ask_sender
from gateway.usecases.consents import give_consent
from gateway.usecases.context import Context
from gateway.usecases.drafts import add_files, save_draft
from gateway.usecases.erase import erase_applicant
from gateway.usecases.export import gather_export
from gateway.usecases.idempotency import run_once
from gateway.usecases.index_search import index_waiting
from gateway.usecases.merge import merge
from gateway.usecases.move_messages import move_messages
from gateway.usecases.organise import Wanted, arrange
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after, read_page
from gateway.usecases.review_inbox import list_entries, release
from gateway.usecases.search import search
from gateway.usecases.views import ApplicantView

OLD, PAPA, PHONE = "mina.old@naver.example", "papa@family.example", "+821023456789"
WORDS = ("mina", "papa", STRANGER, "secret", "1023456789")  # "secret" stands in all that anybody wrote
GONE = "From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n<{0}>:\r\n550 5.1.1 no such user {0}\r\n"


def find_traces(ctx: Context) -> dict[str, set[str]]:
    """By table and column (or "files"), what of the person stands there."""
    found: dict[str, set[str]] = {}
    with ctx.database.engine.connect() as connection:
        for table in t.metadata.sorted_tables:
            for row in connection.execute(select(*(c for c in table.c if c.name != "external_id"))):
                for name, value in row._mapping.items():
                    note_words(found, f"{table.name}.{name}", readable(value))
    folder = ctx.database.blobs.folder
    assert folder is not None
    for file in folder.rglob("*"):
        if file.is_file():
            note_words(found, "files", readable(file.read_bytes()))
    return found


def readable(value: Any) -> str:
    if not isinstance(value, bytes | memoryview):
        return json.dumps(value, ensure_ascii=False, default=str)
    try:
        return zlib.decompress(value).decode()
    except zlib.error:
        return bytes(value).decode("utf-8", "replace")


def note_words(found: dict[str, set[str]], place: str, text: str) -> None:
    words = {word for word in WORDS if word in text.lower()}
    if words:
        found.setdefault(place, set()).update(words)


def fill(ctx: Context, company: Company, pump: Pump, channel: FakeChannel) -> tuple[ApplicantView, ApplicantView]:
    """Mina, with all that can be stored of her, and Tom, to whose conversation some of it came."""
    jun, ara, ats = company.as_jun, company.as_ara, company.ats
    tom = make_applicant(ctx, company, external_id="tom", name="Tom", email="tom@mail.example")
    fields = {"salary": "secret"}
    about: dict[str, Any] = {"opening": "designer", "name": "Mina Han", "email": MINA}
    mina = put_applicant(ctx, ats, "one", phone=PHONE, fields=fields, **about)
    put_applicant(ctx, ats, "two", **{**about, "email": OLD})
    twice = put_applicant(ctx, ats, "two", **{**about, "email": OLD})
    address, plain = address_of(ctx, mina), f"{company.workspace.slug}@{ctx.settings.reply_domain}"
    ask_new_link(ctx, MINA)

    def write(words: str, *, to: str = address, from_: str = MINA, name: str = "Mina Han", **more: Any) -> None:
        receive(ctx, make_mail(f"secret: {words}", from_=from_, name=name, to=to, **more), to=to, from_=from_)
        pump()

    big, small = b"%PDF secret" + bytes(200_000), b"%PDF secret"
    write("hello", message_id="secret-1@mail.example", files={"secret.pdf": big, "mina.pdf": small})
    write("from no known address", from_=STRANGER, to=plain)
    write("to somebody else's address", to=address_of(ctx, tom))
    write("from my other address", from_=STRANGER)
    held = {e.words: e for e in list_entries(ctx, jun, state=InboxState.HELD)[0] if e.thread_id == mina.thread_id}
    ask_sender(ctx, jun, held["secret: from my other address"].id)
    pump()
    (asked,) = [o.text for o in channel.to(MINA) if "/c/confirm/" in o.text]
    answer_question(ctx, asked.split("/c/confirm/")[1].split()[0].rstrip("."), is_mine=True)
    write("I am her father", from_=PAPA, name="Papa Han")
    (guest,) = [e for e in list_entries(ctx, jun, state=InboxState.HELD)[0] if e.from_address == PAPA]
    release(ctx, jun, guest.id, sender_is=SenderIs.GUEST, name="Papa Han")
    write("a question of mine", from_="other@elsewhere.example", name="Mina's sister")

    post_message(ctx, jun, mina.thread_id, NewMessage(text="secret @Ara", kind=MessageKind.NOTE))
    post_message(ctx, jun, mina.thread_id, NewMessage(text="secret", files=(OutgoingFile("secret.txt", "", big),)))
    send_at = ctx.now.replace(year=ctx.now.year + 1)
    post_message(ctx, ats, mina.thread_id, NewMessage(text="secret, later", send_at=send_at))
    save_draft(ctx, ara, mina.thread_id, Draft("secret"))
    add_files(ctx, ara, mina.thread_id, (OutgoingFile("secret.txt", "text/plain", big + b"!"),))
    give_consent(ctx, ats, "one", ConsentKind.EMAIL, words="secret")
    arrange(ctx, jun, mina.thread_id, Wanted(tags=["Senior"]))
    bulk = start_bulk(ctx, ats, ["one"], BulkMessage(text="secret, dear Mina"))
    run_bulk(ctx, bulk.id)
    pump()
    told = {"id": "m", "deliveries": [{"id": "d", "channel": "email", "to": MINA, "state": "queued"}], "seq": 7}
    people = {"items": [{"applicant": "tom", "text": "Dear Tom"}, {"applicant": "one", "text": "secret, Mina Han"}]}
    for key, body in (("k1", told), ("k2", people)):
        answer = (200, json.dumps(body))
        run_once(ctx, ats, key, request_digest=key, run=lambda answer=answer: answer)  # type: ignore[misc]

    post_message(ctx, as_candidate(ctx, twice), twice.thread_id, NewMessage(text="secret, once more"))
    sent = post_message(ctx, jun, twice.thread_id, NewMessage(text="secret answer")).deliveries[0]
    pump()
    back = bounce_address(ctx.settings.key, sent.id, ctx.settings.reply_domain)
    receive(ctx, GONE.format(OLD).encode(), to=back, from_="")
    pump()
    merge(ctx, jun, mina.thread_id, twice.thread_id)
    said = [m.message for m in messages_after(ctx, jun, mina.thread_id) if m.message.kind is MessageKind.MESSAGE]
    moving = [m.id for m in said if m.text in ("secret: hello", "secret", "secret, once more")]
    move_messages(ctx, jun, mina.thread_id, moving, to=tom.thread_id, sure=True)
    post_message(ctx, as_candidate(ctx, tom), tom.thread_id, NewMessage(text="Tom here"))
    change_stage(ctx, ats, mina.thread_id, "rejected")
    write("please")
    with ctx.database.begin() as tx:
        tx.outbox.suppress(company.workspace.id, MINA, code="complaint", now=ctx.now)
    index_waiting(ctx)
    return mina, tom


EVERYWHERE = {
    *("addresses.email", "applicants.name", "applicants.email", "applicants.phone", "applicants.fields"),
    *("attachments.filename", "attempts.detail", "blobs.data", "bulks.message", "consents.words", "copies.content"),
    *("deliveries.address", "draft_files.filename", "drafts.text", "files", "idempotency_keys.body"),
    *("inbox.from_address", "inbox.from_name", "inbox.words", "inbox.envelope_from", "messages.author_name"),
    *("messages.author_email", "messages.text", "moved.rfc_message_id", "news.by_name", "notices.variables"),
    *("participants.name", "participants.email", "threads.last_text"),
}  # where the scan must find her first, or it looks at nothing


@both_databases
def test_nothing_of_the_person_is_left_in_any_table_or_file(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    mina, tom = fill(ctx, company, pump, channel)
    address = address_of(ctx, mina)
    receive(ctx, make_mail("secret, on its way", to=address), to=address, from_=MINA)  # nobody has read it yet
    before = find_traces(ctx)
    assert set(before) >= EVERYWHERE, EVERYWHERE - set(before)
    assert search(ctx, company.as_jun, "secret").messages
    erase_applicant(ctx, company.ats, mina.thread_id)
    assert find_traces(ctx) == {}
    pump()
    index_waiting(ctx)
    assert find_traces(ctx) == {}
    found = search(ctx, company.as_jun, "secret")
    assert not found.messages
    assert not search(ctx, company.as_jun, "Mina").people
    with ctx.database.engine.connect() as connection:
        of_thread = t.search_documents.c.thread_id == mina.thread_id
        assert connection.execute(select(func.count()).where(of_thread)).scalar_one() == 0

    assert texts(ctx, company, tom) == ["Tom here"]
    _, body, again = run_once(ctx, company.ats, "k2", request_digest="k2", run=lambda: (500, ""))
    assert again
    assert json.loads(body)["items"] == [{"applicant": "tom", "text": "Dear Tom"}, {"applicant": "", "text": ""}]


@both_databases
def test_the_export_has_all_that_an_erasure_would_take(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """GDPR Art. 15 and 20: of the application, of what was merged into it, and of what lies elsewhere."""
    mina, _ = fill(ctx, company, pump, channel)
    files = dict(gather_export(ctx, company.ats, mina.thread_id))
    told = json.loads(files["thread.json"])
    (part,) = told["merged"]
    assert (told["applicant"]["fields"], part["applicant"]["email"]) == ({"salary": "secret"}, OLD)
    assert [c["words"] for c in told["consents"]] == ["secret"]
    assert told["tags"] == ["Senior"]
    assert {e["name"] for e in part["events"]} >= {"message.created", "thread.merged"}

    sent = {(d["channel"], d["to"], d["state"]): d for d in told["deliveries"]}
    assert {to for _, to, _ in sent} >= {MINA, OLD, JUN}
    assert {state for _, _, state in sent} >= {"accepted", "bounced", "scheduled"}
    bounced = sent["email", OLD, "bounced"]
    assert bounced["created_at"]
    assert [a["outcome"] for a in bounced["attempts"]] == ["accepted", "bounced"]
    assert "secret answer" in json.loads(files[f"sent/{bounced['id']}.json"])["text"]
    assert {n["key"] for n in told["notices"]} >= {"candidate.new_link", "candidate.confirm_sender"}

    assert {m["text"] for m in told["messages"]} >= {"secret, later", "secret, dear Mina", "secret @Ara"}
    assert {m["text"] for m in told["messages_elsewhere"]} == {"secret: hello", "secret", "secret, once more"}
    mails = {e["words"] or e["subject"] for e in told["mails"]}
    assert mails >= {
        "secret: from no known address",
        "secret: to somebody else's address",
        "secret: a question of mine",
    }
    assert sum(name.startswith("mails/") for name in files) == len(told["mails"])
    names = {name.rpartition("-")[2] for name in files if name.startswith("files/")}
    assert names == {"secret.pdf", "mina.pdf", "secret.txt"}
    assert [d["text"] for d in told["drafts"]] == ["secret"]
    assert [a["email"] for a in told["addresses"]] == [OLD, STRANGER]
    assert [c["used_at"] is None for c in told["confirmations"]] == [False]
    assert {(s["address"], s["code"]) for s in told["suppressions"]} == {(MINA, "complaint"), (OLD, "5.1.1")}
    assert [b["state"] for b in told["bulk_messages"]] == ["posted"]
    assert {a["action"] for a in told["audit"]} >= {"inbox.ask", "inbox.release", "messages.move", "thread.merge"}
    assert "Tom here" not in files["thread.json"].decode()


@both_databases
def test_who_asked_for_no_more_mail_gets_none_after_they_were_erased(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """What they asked for outlives them, as a digest; that an address did not work is forgotten."""
    for code, arrives in (("complaint", False), ("opt_out", False), ("5.1.1", True)):
        email = f"{code}@mail.example"
        view = make_applicant(ctx, company, external_id=code, email=email)
        with ctx.database.begin() as tx:
            tx.outbox.suppress(company.workspace.id, email.upper(), code=code, now=ctx.now)
        erase_applicant(ctx, company.ats, view.thread_id)
        again = make_applicant(ctx, company, external_id=f"{code}, again", email=email)
        post_message(ctx, company.as_jun, again.thread_id, NewMessage(text="Hello"))
        pump()
        assert bool(channel.to(email)) is arrives, code


@both_databases
def test_what_belongs_to_another_application_of_the_same_person_stays(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    first, second = (make_applicant(ctx, company, external_id=f"mina-{n}") for n in range(2))
    plain = f"{company.workspace.slug}@{ctx.settings.reply_domain}"
    receive(ctx, make_mail("for which of them?", to=plain), to=plain, from_=MINA)
    post_message(ctx, as_candidate(ctx, first), first.thread_id, NewMessage(text="moved"))
    pump()
    (moved,) = [m.message.id for m in messages_after(ctx, company.as_jun, first.thread_id)]
    move_messages(ctx, company.as_jun, first.thread_id, [moved], to=second.thread_id)
    with ctx.database.begin() as tx:
        tx.outbox.suppress(company.workspace.id, MINA, code="5.1.1", now=ctx.now)
    erase_applicant(ctx, company.ats, first.thread_id)
    assert texts(ctx, company, second) == ["moved"]
    assert [e.words.strip() for e in list_entries(ctx, company.as_jun)[0]] == ["for which of them?"]
    with ctx.database.read() as tx:
        assert tx.outbox.suppressed(company.workspace.id, [MINA])
    erase_applicant(ctx, company.ats, second.thread_id)
    assert list_entries(ctx, company.as_jun)[0] == []


@both_databases
def test_the_team_is_told_that_a_note_went_with_the_person_it_came_from(
    ctx: Context, company: Company, pump: Pump
) -> None:
    mina = make_applicant(ctx, company)
    tom = make_applicant(ctx, company, external_id="tom", name="Tom", email="tom@mail.example")
    for view, words in ((tom, "I am Tom"), (mina, "I am Mina")):
        post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text=words))
    pump()
    (said,) = [m.message.id for m in messages_after(ctx, company.as_jun, mina.thread_id)]
    move_messages(ctx, company.as_jun, mina.thread_id, [said], to=tom.thread_id, sure=True)
    assert texts(ctx, company, tom) == ["I am Tom"]  # a note is the team's
    erase_applicant(ctx, company.ats, mina.thread_id)
    page = read_page(ctx, company.as_jun, tom.thread_id)
    assert [m.message.text for m in page.messages] == ["I am Tom"]
    assert [(h.name, h.beside) for h in page.happenings if "moved" in h.name] == [
        ("messages.moved_in", ""),
        ("messages.moved_out", ""),
    ]
