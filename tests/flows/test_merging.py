"""One application that is there twice: merged, its addresses and links go on working, and it can be split again
(facts/peers.md rows 62 and 63).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from cast import JUN, MINA, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases, is_anybody_locked_out
from sqlalchemy import text

from flows.test_conversation import receive
from flows.test_demo import wait_for
from flows.test_moving import check_numbers, other_application, say, texts
from gateway.errors import Conflict, NotFound, Refused
from gateway.threads.bulk import BulkMessage
from gateway.threads.drafts import Draft
from gateway.threads.events import DELIVERY_UPDATED
from gateway.threads.model import InboxState, ThreadState
from gateway.threads.policies.roles import OpeningRole
from gateway.usecases.applicants import ask_new_link, find_applicant, put_applicant
from gateway.usecases.bulk import run_bulk, start_bulk
from gateway.usecases.change_stage import change_stage, close_due_gates, thread_of_applicant
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one
from gateway.usecases.drafts import read_draft, save_draft
from gateway.usecases.erase import erase_applicant
from gateway.usecases.merge import find_doubles, find_kept, merge, split
from gateway.usecases.move_messages import move_messages
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import list_conversations, read_page, reply_addresses
from gateway.usecases.review_inbox import list_entries
from gateway.usecases.views import ApplicantView

OTHER_MINA = "mina.han@naver.example"


def double(ctx: Context, company: Company, **of: str) -> ApplicantView:
    """Mina once more, with another address."""
    return make_applicant(ctx, company, **{"external_id": "mina-b", "email": OTHER_MINA, **of})


@both_databases
def test_two_become_one_and_the_others_addresses_and_links_still_work(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    say(ctx, company.as_jun, mina, "Welcome")
    say(ctx, as_candidate(ctx, twice), twice, "Hello, once more")
    say(ctx, company.as_jun, twice, "Hello Mina")
    save_draft(ctx, company.as_jun, twice.thread_id, Draft("Dear"))
    pump()
    old_link = as_candidate(ctx, twice)
    assert find_doubles(ctx, company.as_jun, mina.thread_id) == [twice.thread_id]
    assert merge(ctx, company.as_jun, mina.thread_id, twice.thread_id) == 2
    assert [r.thread_id for r in list_conversations(ctx, company.as_jun)[0]] == [mina.thread_id]
    assert find_kept(ctx, company.as_jun, twice.thread_id) == mina.thread_id
    with pytest.raises(NotFound):
        read_page(ctx, company.as_jun, twice.thread_id)
    assert read_draft(ctx, company.as_jun, mina.thread_id).text == "Dear"

    through = as_candidate(ctx, twice)
    assert (through.thread_id, old_link.thread_id) == (mina.thread_id, twice.thread_id)
    assert texts(ctx, through, mina) == ["Welcome", "Hello, once more", "Hello Mina"]
    (sent,) = channel.to(OTHER_MINA)
    receive(ctx, make_mail("By mail, to the old address", from_=OTHER_MINA), to=sent.reply_to, from_=OTHER_MINA)
    told = channel.to(JUN)[-1]
    reply = make_mail("Jun by mail", from_=JUN, name="Jun Park", message_id="j1@moalabs.example")
    receive(ctx, reply, to=told.reply_to, from_=JUN)
    pump()
    assert texts(ctx, company.ats, mina)[-2:] == ["By mail, to the old address", "Jun by mail"]
    assert thread_of_applicant(ctx, company.ats, "mina-b") == mina.thread_id
    put_applicant(ctx, company.ats, "mina-b", opening="designer", name="Mina Han", email=OTHER_MINA, source="ats")
    check_numbers(ctx, mina, twice)

    erase_applicant(ctx, company.as_jun, mina.thread_id)
    with ctx.database.read() as tx:
        left = tx.connection.execute(text("SELECT count(*) FROM applicants WHERE email <> ''")).scalar_one()
        assert left == 0


@both_databases
def test_the_ats_still_reaches_a_merged_applicant_by_their_own_id(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """What it says of the other changes the conversation that is left, a message to both is one."""
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    said = {"opening": "designer", "name": "Mina Han"}
    put_applicant(ctx, company.ats, "mina-b", email=OTHER_MINA, **said)
    assert [p.email for p in read_page(ctx, company.as_jun, mina.thread_id).conversation.participants][:1] == [MINA]
    new = put_applicant(ctx, company.ats, "mina-b", email="mina@new.example", **said)
    assert new.thread_id == find_applicant(ctx, company.ats, "mina-b").thread_id == mina.thread_id
    assert read_page(ctx, company.as_jun, mina.thread_id).conversation.candidate.email == "mina@new.example"
    bulk = start_bulk(ctx, company.ats, ["mina-1", "mina-b"], BulkMessage(text="Come on Monday."))
    run_bulk(ctx, bulk.id)
    pump()
    assert bulk.total == 1
    assert [mail.text.count("Come on Monday.") for mail in channel.to("mina@new.example")] == [1]


@both_databases
@pytest.mark.parametrize(
    ("name", "again"),
    [("Анна Иванова", "АННА ИВАНОВА"), ("Åsa Čermák", "åsa čermák"), ("김민아", "김민아"), ("Zoë", "Zoe\u0308")],
)
def test_a_name_that_is_there_twice_is_found_in_every_script(
    ctx: Context, company: Company, name: str, again: str
) -> None:
    one = double(ctx, company, external_id="one", name=name, email="a@mail.example")
    two = double(ctx, company, external_id="two", name=again, email="b@mail.example")
    double(ctx, company, external_id="three", name="Somebody Else", email="c@mail.example")
    assert find_doubles(ctx, company.as_jun, one.thread_id) == [two.thread_id]
    assert find_doubles(ctx, company.as_jun, two.thread_id) == [one.thread_id]


@both_databases
def test_a_merge_is_taken_back_with_what_it_brought(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock
) -> None:
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    say(ctx, as_candidate(ctx, twice), twice, "one")
    say(ctx, company.as_jun, mina, "kept")
    pump()
    merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    say(ctx, as_candidate(ctx, mina), mina, "since")
    pump()
    clock.move(minutes=1)
    assert split(ctx, company.as_jun, mina.thread_id, twice.thread_id) == 1
    assert texts(ctx, company.as_jun, mina) == ["kept", "since"]
    assert texts(ctx, as_candidate(ctx, twice), twice) == ["one"]
    assert as_candidate(ctx, twice).thread_id == twice.thread_id
    assert read_page(ctx, company.as_jun, twice.thread_id).conversation.thread.state is ThreadState.OPEN
    check_numbers(ctx, mina, twice)
    with pytest.raises(NotFound):
        split(ctx, company.as_jun, mina.thread_id, twice.thread_id)


@both_databases
def test_a_merge_neither_opens_nor_closes_a_gate(ctx: Context, company: Company, pump: Pump) -> None:
    """DESIGN §4 no. 6: both must be alike; a rejected one stays rejected by every address."""
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    change_stage(ctx, company.as_jun, twice.thread_id, "rejected")
    with pytest.raises(Conflict) as differs:
        merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    assert differs.value.code == "gate_differs"
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    with pytest.raises(Refused):
        post_message(ctx, as_candidate(ctx, twice), mina.thread_id, NewMessage(text="Please"))
    split(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    assert read_page(ctx, company.as_jun, twice.thread_id).conversation.thread.state is ThreadState.BLOCKED


def test_who_lost_a_link_gets_a_new_one_at_any_of_their_addresses(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    ask_new_link(ctx, OTHER_MINA)
    pump()
    (sent,) = channel.sent
    assert (sent.to, mina.portal_url in sent.text) == (OTHER_MINA, True)


@both_databases
def test_a_decision_since_the_merge_counts_for_both(ctx: Context, company: Company, clock: FakeClock) -> None:
    """SJ-15: who was rejected does not write again by the link of the part that is split off."""
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    change_stage(ctx, company.ats, thread_of_applicant(ctx, company.ats, "mina-b"), "rejected")
    split(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    with pytest.raises(Refused):
        say(ctx, as_candidate(ctx, twice), twice, "I am back")
    for each in (mina, twice):
        change_stage(ctx, company.ats, each.thread_id, "restored")
    merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected", closes_at=clock.now + timedelta(seconds=10))
    split(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    clock.move(seconds=11)
    close_due_gates(ctx)
    for each in (mina, twice):
        shown = read_page(ctx, company.as_jun, each.thread_id).conversation
        assert (shown.thread.state, shown.applicant.stage) == (ThreadState.BLOCKED, "rejected")


def test_what_cannot_be_merged_says_why(ctx: Context, company: Company, pump: Pump) -> None:
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    engineer = other_application(ctx, company)
    wrong_ones = {mina.thread_id: "move_same", engineer.thread_id: "merge_opening", "x" * 26: "thread_unknown"}
    for other, code in wrong_ones.items():
        with pytest.raises(Conflict) as wrong:
            merge(ctx, company.as_jun, mina.thread_id, other)
        assert wrong.value.code == code
    opening = read_page(ctx, company.as_jun, mina.thread_id).conversation.opening.id
    evaluator = replace(company.as_jun, admin=False, confined_to={opening: OpeningRole.EVALUATOR.value})
    with pytest.raises(Refused):
        merge(ctx, evaluator, mina.thread_id, twice.thread_id)
    say(ctx, company.as_jun, twice, "on its way")
    with pytest.raises(Conflict) as waits:
        merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    assert waits.value.code == "on_its_way"
    assert texts(ctx, company.as_jun, twice) == ["on its way"]


@both_databases
def test_a_merged_one_can_be_merged_further(ctx: Context, company: Company, pump: Pump, channel: FakeChannel) -> None:
    first, second, third = (double(ctx, company, external_id=f"m{n}", email=f"m{n}@x.example") for n in range(3))
    say(ctx, company.as_jun, first, "to the first")
    pump()
    merge(ctx, company.as_jun, second.thread_id, first.thread_id)
    merge(ctx, company.as_jun, third.thread_id, second.thread_id)
    (sent,) = channel.to("m0@x.example")
    receive(ctx, make_mail("found you", from_="m0@x.example"), to=sent.reply_to, from_="m0@x.example")
    pump()
    assert texts(ctx, company.ats, third) == ["to the first", "found you"]
    assert as_candidate(ctx, first).thread_id == third.thread_id
    check_numbers(ctx, first, second, third)
    assert MINA not in {o.to for o in channel.sent}


@both_databases
@pytest.mark.parametrize("order", ["from the outside", "from the inside"])
def test_each_split_of_a_chain_gives_back_what_was_its_own(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, order: str
) -> None:
    """The first became part of the second, and that of the third; mails to each find the right one all the time."""
    views = first, second, third = [
        double(ctx, company, external_id=f"m{n}", email=f"m{n}@x.example") for n in range(3)
    ]
    for number, view in enumerate(views):
        say(ctx, as_candidate(ctx, view), view, f"I am {number}")
        say(ctx, company.as_jun, view, f"to {number}")
    pump()

    def write(number: int, words: str) -> None:
        sender = f"m{number}@x.example"
        reply_to = channel.to(sender)[0].reply_to
        receive(ctx, make_mail(words, from_=sender, message_id=f"{words}@x.example"), to=reply_to, from_=sender)
        plain = f"{company.workspace.slug}@{ctx.settings.reply_domain}"
        fresh = make_mail(f"{words}, fresh", from_=sender, to=plain, message_id=f"{words}-2@x.example")
        receive(ctx, fresh, to=plain, from_=sender)
        pump()

    jun = company.as_jun
    merge(ctx, jun, second.thread_id, first.thread_id)
    merge(ctx, jun, third.thread_id, second.thread_id)
    assert texts(ctx, jun, third) == ["I am 2", "to 2", "I am 1", "to 1", "I am 0", "to 0"]
    if order == "from the outside":
        assert split(ctx, jun, third.thread_id, second.thread_id) == 4
        assert find_kept(ctx, jun, first.thread_id) == second.thread_id
        write(0, "part")
        assert texts(ctx, jun, second)[-1:] == ["part, fresh"]
        with pytest.raises(NotFound):
            split(ctx, jun, third.thread_id, first.thread_id)
        assert split(ctx, jun, second.thread_id, first.thread_id) == 2
    else:
        assert split(ctx, jun, third.thread_id, first.thread_id) == 2
        write(0, "part")
        assert texts(ctx, jun, first)[2:] == ["part", "part, fresh"]
        assert split(ctx, jun, third.thread_id, second.thread_id) == 2
    for number, view in enumerate(views):
        assert texts(ctx, jun, view)[:2] == [f"I am {number}", f"to {number}"]
        assert as_candidate(ctx, view).thread_id == view.thread_id
        write(number, f"mail {number}")
        assert texts(ctx, jun, view)[-2:] == [f"mail {number}", f"mail {number}, fresh"]
    check_numbers(ctx, *views)


@both_databases
def test_a_mail_that_waits_goes_back_with_the_application_it_was_written_to(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    for view in (mina, twice):
        say(ctx, company.as_jun, view, "Hello")
    pump()
    for number, sender in enumerate((MINA, OTHER_MINA)):
        to = channel.to(sender)[0].reply_to
        receive(ctx, make_mail(f"not mine {number}", from_="x@x.example"), to=to, from_="x@x.example")
    pump()
    merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    assert {e.thread_id for e in list_entries(ctx, company.as_jun)[0]} == {mina.thread_id}
    split(ctx, company.as_jun, mina.thread_id, twice.thread_id)
    waiting = {e.words.strip(): (e.thread_id, e.state, e.reason) for e in list_entries(ctx, company.as_jun)[0]}
    held = (InboxState.HELD, "other_sender")
    assert waiting == {"not mine 0": (mina.thread_id, *held), "not mine 1": (twice.thread_id, *held)}


@both_databases
def test_mails_that_arrive_while_two_are_merged_and_split_enter_once(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """A race on real connections: mails to both addresses while the threads become one and two again."""
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    people = ((mina, MINA), (twice, OTHER_MINA))
    addresses = []
    for view, _ in people:
        found = read_page(ctx, company.as_jun, view.thread_id).conversation
        addresses.append(reply_addresses(ctx, found)[found.candidate.id])
    for number in range(8):
        address, (_, sender) = addresses[number % 2], people[number % 2]
        mail = make_mail(f"mail {number}", from_=sender, message_id=f"n{number}@mail.example")
        receive(ctx, mail, to=address, from_=sender)

    def merge_and_split() -> None:
        for act in (merge, split, merge):
            while True:
                try:
                    act(ctx, company.as_jun, mina.thread_id, twice.thread_id)
                    break
                except Conflict:  # something is on its way to the team: the other worker sends it meanwhile
                    pump()

    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(merge_and_split), pool.submit(pump), pool.submit(pump)]
        for one in work:
            one.result(60)
    pump()
    assert sorted(texts(ctx, company.ats, mina)) == [f"mail {n}" for n in range(8)]
    check_numbers(ctx, mina, twice)


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("act", ["merge", "move", "split"])
def test_a_worker_that_records_and_a_member_who_moves_wait_for_each_other_in_one_order(
    ctx: Context, company: Company, act: str
) -> None:
    """Deliveries are locked before their conversations by everybody: the other way round was a deadlock."""
    mina, twice = make_applicant(ctx, company), double(ctx, company)
    posted = post_message(ctx, company.as_jun, twice.thread_id, NewMessage(text="Hello"))
    assert deliver_one(ctx, posted.deliveries[0].id)

    here, there = twice, mina
    if act == "split":
        merge(ctx, company.as_jun, mina.thread_id, twice.thread_id)
        here, there = mina, twice

    def move() -> None:
        if act == "move":
            ids = [posted.message.id]
            move_messages(ctx, company.as_jun, here.thread_id, ids, to=there.thread_id, sure=True)
        else:
            (merge if act == "merge" else split)(ctx, company.as_jun, mina.thread_id, twice.thread_id)

    with ThreadPoolExecutor(1) as member:
        with ctx.database.begin() as tx:  # as a worker that records what it sent
            tx.attempts.hold_threads([here.thread_id])
            moving = member.submit(move)
            wait_for(lambda: is_anybody_locked_out(ctx), "the member to wait for the worker")
            tx.events.append(here.thread_id, company.workspace.id, DELIVERY_UPDATED, now=ctx.now)
        moving.result(20)
    assert texts(ctx, company.as_jun, there) == ["Hello"]
