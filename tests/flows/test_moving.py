"""Messages that are moved to another conversation: nothing lost, nothing doubled, nothing shown to the wrong person
(facts/peers.md rows 62 to 64; DESIGN §4 no. 3, 5, 6, 8).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from cast import JUN, MINA, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import Pump, both_databases
from sqlalchemy import text

from flows.test_conversation import receive
from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.threads.audit import AuditFilter
from gateway.threads.channel import OutgoingFile
from gateway.threads.model import MessageKind, ThreadState, Viewer
from gateway.threads.policies.roles import OpeningRole
from gateway.usecases.applicants import put_opening
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.index_search import index_waiting
from gateway.usecases.move_messages import NewApplication, find_likely, move_messages
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_audit import read_audit
from gateway.usecases.read_thread import (
    events_of_thread,
    list_conversations,
    mark_read,
    messages_after,
    read_file,
    read_page,
    reply_addresses,
)
from gateway.usecases.search import search
from gateway.usecases.views import ApplicantView

FILE = OutgoingFile("cv.txt", "text/plain", b"ten years")


def other_application(ctx: Context, company: Company, **of: str) -> ApplicantView:
    """Mina's application to another opening; or somebody else's, as `of` says."""
    opening, _ = put_opening(ctx, company.ats, "engineer", title="Engineer", notify_emails=[JUN])
    return make_applicant(ctx, replace(company, opening=opening), **{"external_id": "mina-2", "email": MINA, **of})


def say(ctx: Context, viewer: Viewer, view: ApplicantView, words: str, **more: object) -> str:
    return post_message(ctx, viewer, view.thread_id, NewMessage(text=words, **more)).message.id  # type: ignore[arg-type]


def texts(ctx: Context, viewer: Viewer, view: ApplicantView) -> list[str]:
    return [s.message.text for s in messages_after(ctx, viewer, view.thread_id)]


def check_numbers(ctx: Context, *views: ApplicantView) -> None:
    """Each number of a thread is a message or was one, once, and the thread's row agrees."""
    with ctx.database.read() as tx:
        for view in views:
            of = {"id": view.thread_id}
            both = (
                "SELECT seq FROM messages WHERE thread_id = :id UNION ALL SELECT seq FROM moved WHERE thread_id = :id"
            )
            seqs = sorted(tx.connection.execute(text(both), of).scalars())
            last = tx.connection.execute(text("SELECT last_seq FROM threads WHERE id = :id"), of).scalar_one()
            assert seqs == list(range(1, last + 1))


@both_databases
def test_messages_move_with_all_that_belongs_to_them(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    mina, other = make_applicant(ctx, company), other_application(ctx, company)
    candidate, jun = as_candidate(ctx, mina), company.as_jun
    first = say(ctx, candidate, mina, "About the designer job")
    wrong = say(ctx, candidate, mina, "About the engineer job", files=(FILE,))
    clock.move(hours=1)
    answer = say(ctx, jun, mina, "Engineers start in May")
    pump()
    index_waiting(ctx)
    mark_read(ctx, jun, mina.thread_id, 3)

    clock.move(hours=1)
    done = move_messages(ctx, jun, mina.thread_id, [answer, wrong], to=other.thread_id)
    assert (done.message_ids, done.notes) == ((wrong, answer), 0)
    index_waiting(ctx)
    assert texts(ctx, candidate, mina) == ["About the designer job"]
    assert texts(ctx, as_candidate(ctx, other), other) == ["About the engineer job", "Engineers start in May"]
    shown = messages_after(ctx, jun, other.thread_id)
    assert [(s.message.id, s.message.seq) for s in shown] == [(wrong, 1), (answer, 2)]
    assert [d.state for d in shown[1].deliveries] == ["accepted"]
    assert shown[1].deliveries[0].participant_id == as_candidate(ctx, other).id
    (attachment,) = shown[0].message.attachments
    assert read_file(ctx, as_candidate(ctx, other), attachment.id).content == FILE.content
    with pytest.raises(NotFound):
        read_file(ctx, candidate, attachment.id)
    assert [m.message.id for m in search(ctx, jun, "engineers").messages] == [answer]
    assert [m.message.thread_id for m in search(ctx, jun, "engineers").messages] == [other.thread_id]

    rows = {r.thread_id: r for r in list_conversations(ctx, jun)[0]}
    assert rows[mina.thread_id].last_text == "About the designer job"
    assert rows[mina.thread_id].unanswered_since is not None
    assert rows[other.thread_id].last_text == "Engineers start in May"
    assert rows[other.thread_id].unanswered_since is None
    check_numbers(ctx, mina, other)
    assert say(ctx, candidate, mina, "And?") != first
    assert [s.message.seq for s in messages_after(ctx, jun, mina.thread_id)] == [1, 4]


@both_databases
def test_both_conversations_the_ats_and_the_audit_log_say_so(ctx: Context, company: Company, pump: Pump) -> None:
    mina, other = make_applicant(ctx, company), other_application(ctx, company)
    ids = [say(ctx, as_candidate(ctx, mina), mina, words) for words in ("one", "two", "three")]
    pump()
    move_messages(ctx, company.ats, mina.thread_id, ids[1:], to=other.thread_id)
    (out,) = [e for e in events_of_thread(ctx, company.ats, mina.thread_id, after=0) if e.name == "messages.moved_out"]
    (came,) = [e for e in events_of_thread(ctx, company.ats, other.thread_id, after=0) if "moved_in" in e.name]
    assert (out.data["to"], out.data["count"], out.data["message_ids"]) == (other.thread_id, "2", ",".join(ids[1:]))
    assert came.data["from"] == mina.thread_id
    (line,) = read_page(ctx, company.as_jun, other.thread_id).happenings
    assert (line.name, line.beside) == ("messages.moved_in", "Mina Han · Product Designer")
    found, _ = read_audit(ctx, company.as_jun, AuditFilter(action="messages"))
    assert {(told.line.action, told.line.thread_id) for told in found} == {
        ("messages.move", mina.thread_id),
        ("messages.receive", other.thread_id),
    }


@both_databases
def test_a_later_mail_follows_what_it_answers(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """facts/peers.md row 63: by In-Reply-To, though it comes to the old reply address; the candidate's and Jun's."""
    mina, other = make_applicant(ctx, company), other_application(ctx, company)
    say(ctx, company.as_jun, mina, "About the designer job")
    answered = say(ctx, company.as_jun, mina, "About the engineer job")
    say(ctx, as_candidate(ctx, mina), mina, "Which job?")
    pump()
    kept, gone = channel.to(MINA)
    move_messages(ctx, company.as_jun, mina.thread_id, [answered], to=other.thread_id)
    for sent, words in ((kept, "Designer, yes"), (gone, "Engineer, yes")):
        mail = make_mail(words, headers={"In-Reply-To": f"<{sent.message_id}>"}, message_id=f"{words[:4]}@x.example")
        receive(ctx, mail, to=sent.reply_to, from_=MINA)
        pump()
    assert texts(ctx, company.ats, mina)[-1] == "Designer, yes"
    assert texts(ctx, company.ats, other)[-1] == "Engineer, yes"
    (told,) = [o for o in channel.to(JUN) if "Engineer, yes" in o.text]
    move_messages(
        ctx,
        company.as_jun,
        other.thread_id,
        [s.message.id for s in messages_after(ctx, company.as_jun, other.thread_id)],
        to=mina.thread_id,
    )
    reply = make_mail("Good", from_=JUN, name="Jun Park", headers={"In-Reply-To": f"<{told.message_id}>"})
    receive(ctx, reply, to=told.reply_to, from_=JUN)
    pump()
    assert texts(ctx, company.ats, mina)[-1] == "Good"
    check_numbers(ctx, mina, other)


@both_databases
def test_a_reference_takes_nobody_into_a_strangers_conversation(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """DESIGN §4 no. 5: references never grant access."""
    mina = make_applicant(ctx, company)
    oskar = other_application(ctx, company, external_id="oskar", name="Oskar Berg", email="oskar@mail.example")
    sent_id = say(ctx, company.as_jun, mina, "Dear Oskar")
    pump()
    (sent,) = channel.to(MINA)
    move_messages(ctx, company.as_jun, mina.thread_id, [sent_id], to=oskar.thread_id, sure=True)
    mail = make_mail("I am not Oskar", headers={"In-Reply-To": f"<{sent.message_id}>"})
    receive(ctx, mail, to=sent.reply_to, from_=MINA)
    pump()
    assert texts(ctx, company.ats, mina) == ["I am not Oskar"]
    assert texts(ctx, company.ats, oskar) == []


@both_databases
def test_another_applicants_words_are_only_for_the_team(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock
) -> None:
    """DESIGN §4 no. 8: it asks first; they arrive as notes; at home they are again what they were."""
    mina = make_applicant(ctx, company)
    oskar = other_application(ctx, company, external_id="oskar", name="Oskar Berg", email="oskar@mail.example")
    ids = [
        say(ctx, as_candidate(ctx, mina), mina, "I am ill", files=(FILE,)),
        say(ctx, company.as_jun, mina, "Get well"),
    ]
    note = say(ctx, company.as_jun, mina, "poor thing", kind=MessageKind.NOTE)
    pump()
    with pytest.raises(Conflict) as asks:
        move_messages(ctx, company.as_jun, mina.thread_id, [*ids, note], to=oskar.thread_id)
    assert asks.value.code == "other_person"
    done = move_messages(ctx, company.as_jun, mina.thread_id, [*ids, note], to=oskar.thread_id, sure=True)
    assert done.notes == 2
    shown = messages_after(ctx, company.as_jun, oskar.thread_id)
    assert {s.message.kind for s in shown} == {MessageKind.NOTE}
    assert texts(ctx, as_candidate(ctx, oskar), oskar) == []
    assert texts(ctx, company.ats, oskar) == []
    with pytest.raises(NotFound):
        read_file(ctx, as_candidate(ctx, oskar), shown[0].message.attachments[0].id)
    rows = {r.thread_id: r for r in list_conversations(ctx, company.as_jun)[0]}
    assert rows[oskar.thread_id].last_text == ""

    clock.move(minutes=1)
    move_messages(ctx, company.as_jun, oskar.thread_id, [*ids, note], to=mina.thread_id)
    assert texts(ctx, as_candidate(ctx, mina), mina) == ["I am ill", "Get well"]
    kinds = [s.message.kind for s in messages_after(ctx, company.as_jun, mina.thread_id)]
    assert kinds == [MessageKind.MESSAGE, MessageKind.MESSAGE, MessageKind.NOTE]
    check_numbers(ctx, mina, oskar)


@both_databases
def test_the_gate_is_no_way_around(ctx: Context, company: Company, pump: Pump) -> None:
    """DESIGN §4 no. 6: moved into a closed conversation the candidate reads, and still cannot write."""
    mina, other = make_applicant(ctx, company), other_application(ctx, company)
    change_stage(ctx, company.as_jun, other.thread_id, "rejected")
    asks = say(ctx, as_candidate(ctx, mina), mina, "Please")
    pump()
    move_messages(ctx, company.as_jun, mina.thread_id, [asks], to=other.thread_id)
    assert texts(ctx, as_candidate(ctx, other), other) == ["Please"]
    assert read_page(ctx, company.as_jun, other.thread_id).conversation.thread.state is ThreadState.BLOCKED
    with pytest.raises(Refused):
        say(ctx, as_candidate(ctx, other), other, "More")


@both_databases
def test_a_split_makes_an_application_of_its_own(ctx: Context, company: Company, pump: Pump) -> None:
    mina = make_applicant(ctx, company)
    put_opening(ctx, company.ats, "engineer", title="Engineer", notify_emails=[JUN])
    ids = [say(ctx, as_candidate(ctx, mina), mina, words) for words in ("one", "two", "three")]
    pump()
    done = move_messages(ctx, company.as_jun, mina.thread_id, ids[1:], to=NewApplication("engineer"))
    new = read_page(ctx, company.as_jun, done.thread_id).conversation
    assert (new.opening.title, new.candidate.email, new.candidate.name) == ("Engineer", MINA, "Mina Han")
    assert [s.message.text for s in messages_after(ctx, company.as_jun, done.thread_id)] == ["two", "three"]
    assert find_likely(ctx, company.as_jun, mina.thread_id) == [done.thread_id]
    with pytest.raises(Invalid):
        move_messages(ctx, company.as_jun, mina.thread_id, ids[:1], to=NewApplication("no such"))


def test_what_cannot_be_moved_says_why(ctx: Context, company: Company, pump: Pump) -> None:
    mina, other = make_applicant(ctx, company), other_application(ctx, company)
    queued = say(ctx, company.as_jun, mina, "Not gone out yet")
    with pytest.raises(Conflict) as waits:
        move_messages(ctx, company.as_jun, mina.thread_id, [queued], to=other.thread_id)
    assert waits.value.code == "on_its_way"
    pump()
    for ids, to in (([], other.thread_id), ([queued], mina.thread_id), ([queued], "01jd0000000000000000000000")):
        with pytest.raises((Conflict, Invalid)):
            move_messages(ctx, company.as_jun, mina.thread_id, ids, to=to)
    with pytest.raises(NotFound):
        move_messages(ctx, company.as_jun, other.thread_id, [queued], to=mina.thread_id)
    with pytest.raises(NotFound):
        move_messages(ctx, as_candidate(ctx, mina), mina.thread_id, [queued], to=other.thread_id)
    openings = {read_page(ctx, company.as_jun, v.thread_id).conversation.opening.id: v for v in (mina, other)}
    roles = dict.fromkeys(openings, OpeningRole.MANAGER.value)
    for seen in ([mina], [other], [mina, other]):
        confined = {o: r for o, r in roles.items() if openings[o] in seen}
        if len(seen) == 2:
            confined[next(o for o, v in openings.items() if v is other)] = OpeningRole.EVALUATOR.value
        viewer = replace(company.as_jun, admin=False, confined_to=confined)
        with pytest.raises((NotFound, Conflict, Refused)):
            move_messages(ctx, viewer, mina.thread_id, [queued], to=other.thread_id)


@both_databases
def test_the_same_again_enters_once_though_it_was_moved(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """GW-2 and idempotency: a repeated post gets the same answer, a second copy of a mail is a duplicate."""
    mina, other = make_applicant(ctx, company), other_application(ctx, company)
    new = NewMessage(text="Hello", client_key="k1")
    posted = post_message(ctx, company.ats, mina.thread_id, new)
    people = read_page(ctx, company.as_jun, mina.thread_id).conversation
    to = reply_addresses(ctx, people)[people.candidate.id]
    mail = make_mail("From my phone", message_id="a1@mail.example")
    receive(ctx, mail, to=to, from_=MINA)
    pump()
    ids = [s.message.id for s in messages_after(ctx, company.as_jun, mina.thread_id)]
    move_messages(ctx, company.as_jun, mina.thread_id, ids, to=other.thread_id)
    again = post_message(ctx, company.ats, mina.thread_id, new)
    assert (again.repeated, again.message.id) == (True, posted.message.id)
    receive(ctx, b"Received: by x\r\n" + mail, to=to, from_=MINA)
    pump()
    assert texts(ctx, company.ats, mina) == []
    assert texts(ctx, company.ats, other) == ["Hello", "From my phone"]


@both_databases
def test_what_a_member_has_read_stays_read(ctx: Context, company: Company, pump: Pump) -> None:
    mina, other = make_applicant(ctx, company), other_application(ctx, company)
    moved = say(ctx, as_candidate(ctx, mina), mina, "Hello")
    for member in (company.as_jun, company.as_ara):
        mark_read(ctx, member, other.thread_id, 0)
        read_page(ctx, member, other.thread_id)
    mark_read(ctx, company.as_jun, mina.thread_id, 1)
    pump()
    move_messages(ctx, company.as_ara, mina.thread_id, [moved], to=other.thread_id)
    unread = {
        m.id: [r.thread_id for r in list_conversations(ctx, m, view="unread")[0]]
        for m in (company.as_jun, company.as_ara)
    }
    assert unread == {company.jun.id: [], company.ara.id: [other.thread_id]}


@both_databases
def test_mails_that_arrive_while_messages_are_moved_enter_once(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """A race on real connections: both ways at once, with mails to both; all are there, numbers without gaps."""
    mina, other = make_applicant(ctx, company), other_application(ctx, company)
    addresses = []
    for view in (mina, other):
        people = read_page(ctx, company.as_jun, view.thread_id).conversation
        addresses.append(reply_addresses(ctx, people)[people.candidate.id])
    ids = {
        v.thread_id: [say(ctx, as_candidate(ctx, v), v, f"{v.thread_id} {n}") for n in range(4)] for v in (mina, other)
    }
    pump()
    for number in range(6):
        mail = make_mail(f"mail {number}", message_id=f"n{number}@mail.example")
        receive(ctx, mail, to=addresses[number % 2], from_=MINA)

    def move(source: ApplicantView, target: ApplicantView) -> None:
        for message_id in ids[source.thread_id]:
            move_messages(ctx, company.as_jun, source.thread_id, [message_id], to=target.thread_id)

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(move, mina, other), pool.submit(move, other, mina), pool.submit(pump), pool.submit(pump)]
        for one in work:
            one.result(60)
    pump()
    found = texts(ctx, company.ats, mina) + texts(ctx, company.ats, other)
    expected = [f"{v.thread_id} {n}" for v in (mina, other) for n in range(4)] + [f"mail {n}" for n in range(6)]
    assert sorted(found) == sorted(expected)
    check_numbers(ctx, mina, other)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.sets(st.integers(0, 5))), max_size=8))
def test_nothing_is_lost_nothing_doubled_and_numbers_have_no_gaps(
    ctx: Context, company: Company, clock: FakeClock, steps: list[tuple[int, int, set[int]]]
) -> None:
    """Any moves between three conversations of two people, with messages in between."""
    mark = ctx.new_id()
    people = {"one": MINA, "two": MINA, "three": "oskar@mail.example"}
    views = [make_applicant(ctx, company, external_id=f"{n}-{mark}", email=e) for n, e in people.items()]
    said = {say(ctx, as_candidate(ctx, view), view, f"{n} {k}") for n, view in enumerate(views) for k in range(2)}
    Pump(ctx)()
    for source, target, chosen in steps:
        clock.move(seconds=1)
        here = [s.message.id for s in messages_after(ctx, company.as_jun, views[source].thread_id)]
        ids = [message_id for place, message_id in enumerate(here) if place in chosen]
        if ids and source != target:
            move_messages(ctx, company.as_jun, views[source].thread_id, ids, to=views[target].thread_id, sure=True)
        said.add(say(ctx, company.as_jun, views[source], "note", kind=MessageKind.NOTE))
    found = [s.message.id for v in views for s in messages_after(ctx, company.as_jun, v.thread_id)]
    assert sorted(found) == sorted(said)
    check_numbers(ctx, *views)
    for number, view in enumerate(views):
        for words in texts(ctx, as_candidate(ctx, view), view):
            assert (words[0] == "2") == (number == 2)
