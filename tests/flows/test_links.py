"""Links that sign in: once, for ten minutes, the newest only, and no flood of them to anybody (SJ-P4)."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cast import MINA, Company, make_applicant
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases
from sqlalchemy import select, update

from gateway.store import tables as t
from gateway.threads.channel import Failed
from gateway.usecases import applicants, members, mend_delivery, sign_in
from gateway.usecases.applicants import put_applicant
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message

AT_ONCE = 20
OTHER = "mina.real@mail.example"


def ask(ctx: Context, company: Company, pump: Pump, channel: FakeChannel) -> str:
    """Jun's newest link, as it came by mail."""
    sign_in.ask_login_link(ctx, company.jun.email)
    pump()
    found = re.search(r"/sign-in/link/(\S+)", channel.to(company.jun.email)[-1].text)
    assert found
    return found[1]


@both_databases
def test_of_many_posts_at_once_one_signs_in(ctx: Context, company: Company, pump: Pump, channel: FakeChannel) -> None:
    """Reliability 60: a link that a scanner, a thief and its owner post together is used up by one of them."""
    token, together = ask(ctx, company, pump, channel), threading.Barrier(AT_ONCE)

    def redeem(_: int) -> str | None:
        together.wait(10)
        return sign_in.redeem_login_link(ctx, token)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        sessions = [session for session in pool.map(redeem, range(AT_ONCE)) if session]
    assert len(sessions) == 1
    assert sign_in.viewer_for_session(ctx, sessions[0])


@both_databases
def test_a_link_ends_by_time_by_a_newer_one_and_with_the_access(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """Reliability 60: ten minutes at most (ASVS 6.5.5), and 256 bits that nobody guesses."""
    first = ask(ctx, company, pump, channel)
    assert len(first) >= 43
    second = ask(ctx, company, pump, channel)
    assert sign_in.redeem_login_link(ctx, first) is None
    clock.move(minutes=10, seconds=1)
    assert sign_in.redeem_login_link(ctx, second) is None
    third = ask(ctx, company, pump, channel)
    members.set_active(ctx, company.as_ara, company.jun.id, active=False)
    assert sign_in.redeem_login_link(ctx, third) is None


@both_databases
@pytest.mark.parametrize("by", ["ATS", "desk"])
def test_a_candidates_link_ends_with_the_address_it_was_sent_to(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, by: str
) -> None:
    """Reliability 60: whoever has the mistyped address reads no offer, and the person has a link that works."""
    mina = make_applicant(ctx, company)
    channel.script.append(Failed("5.1.1", "no such user"))
    sent = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Could you come?")).deliveries[0]
    pump()
    if by == "ATS":
        new = put_applicant(ctx, company.ats, "mina-1", opening="designer", name="Mina Han", email=OTHER).portal_url
    else:
        mend_delivery.send_again(ctx, company.as_jun, sent.id, to=OTHER)
        new = applicants.find_applicant(ctx, company.ats, "mina-1").portal_url
    assert applicants.candidate_viewer(ctx, mina.portal_url.rpartition("/")[2]) is None
    reader = applicants.candidate_viewer(ctx, new.rpartition("/")[2])
    assert reader is not None
    assert reader.email == OTHER


@both_databases
def test_a_name_or_a_first_number_leaves_the_link_as_it_is(ctx: Context, company: Company) -> None:
    mina = make_applicant(ctx, company)
    for more in ({"name": "Mina Kim"}, {"name": "Mina Kim", "phone": "+821012345678"}):
        again = put_applicant(ctx, company.ats, "mina-1", opening="designer", email=MINA, **more)
        assert again.portal_url == mina.portal_url


@pytest.mark.parametrize("wrong", ["", " ", "\0", "null", "None", "0", "A" * 43, "a" * 100_000])
def test_a_token_that_is_none_is_nobodys(ctx: Context, company: Company, wrong: str) -> None:
    """Reliability 55: nothing empty or odd is equal to a link, session or key that does not exist."""
    assert sign_in.redeem_login_link(ctx, wrong) is None
    assert sign_in.viewer_for_session(ctx, wrong) is None
    assert applicants.candidate_viewer(ctx, wrong) is None


@both_databases
def test_asking_again_and_again_for_a_link_floods_nobody(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """Reliability 63: whoever asks in another's name, also many at once, costs them three mails in an hour."""
    make_applicant(ctx, company)
    together = threading.Barrier(8)

    def flood(_: int) -> None:
        together.wait(10)
        for spelling in ("{}", " {} ", "{}", "{}"):
            sign_in.ask_login_link(ctx, spelling.format(company.jun.email.upper()))
            applicants.ask_new_link(ctx, spelling.format(MINA.title()))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(flood, range(8)))
    pump()
    counted: dict[str, Any] = {to: len(channel.to(to)) for to in (company.jun.email, MINA)}
    assert counted == {company.jun.email: 3, MINA: 3}


@both_databases
def test_who_reads_the_database_finds_no_link_that_signs_in(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """Reliability 60: hashed where it is compared, sealed in the notice that the mail is written from; one that was
    queued in the clear by an earlier version is still sent.
    """
    token = ask(ctx, company, pump, channel)
    with ctx.database.read() as tx:
        kept = [dict(row) for row in tx.connection.execute(select(t.notices.c.variables)).scalars()]
    assert kept
    assert token not in str(kept)
    plain = {"link": "https://desk.example/sign-in/link/old", "minutes": "10"}
    with ctx.database.begin() as tx:
        tx.connection.execute(update(t.notices).values(variables=plain))
        tx.connection.execute(update(t.deliveries).values(state="queued", next_attempt_at=ctx.now))
    pump()
    assert "/sign-in/link/old" in channel.to(company.jun.email)[-1].text
