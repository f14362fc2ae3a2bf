"""The second step at sign-in, sessions and passwords (reliability 60, 61; RFC 6238)."""

from __future__ import annotations

import pyotp
import pytest
from cast import Company
from fakes import FakeClock

from gateway.errors import Conflict, Invalid, NotFound
from gateway.usecases import second_step, sessions, sign_in
from gateway.usecases.context import Context

both_databases = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
PASSWORD = "correct horse"


def code_of(secret: str, clock: FakeClock) -> str:
    return pyotp.TOTP(secret).at(clock.now)


def turn_on(ctx: Context, company: Company, clock: FakeClock) -> tuple[str, list[str]]:
    setup = second_step.begin_setup(ctx, company.as_jun, company="Moa Labs")
    codes = second_step.finish_setup(ctx, company.as_jun, sealed=setup.sealed, code=code_of(setup.secret, clock))
    clock.move(seconds=30)
    return setup.secret, codes


def waiting(ctx: Context, company: Company) -> str:
    token = sign_in.sign_in(ctx, company.jun.email, PASSWORD)
    assert token
    assert sign_in.viewer_for_session(ctx, token) is None
    return token


@both_databases
def test_a_password_alone_opens_nothing_and_a_code_works_once(ctx: Context, company: Company, clock: FakeClock) -> None:
    """Reliability 60."""
    secret, _ = turn_on(ctx, company, clock)
    first, second = waiting(ctx, company), waiting(ctx, company)
    code = code_of(secret, clock)
    token = second_step.finish_sign_in(ctx, first, code)
    assert sign_in.viewer_for_session(ctx, token)
    assert token != first
    with pytest.raises(NotFound):
        second_step.finish_sign_in(ctx, first, code)
    with pytest.raises(Invalid):
        second_step.finish_sign_in(ctx, second, code)
    clock.move(seconds=30)
    assert second_step.finish_sign_in(ctx, second, code_of(secret, clock))
    with ctx.database.read() as tx:
        assert secret not in tx.sign_ins.second_step(company.jun.id).secret


def test_a_stolen_session_cannot_put_another_phone_in_its_place(
    ctx: Context, company: Company, clock: FakeClock
) -> None:
    secret, _ = turn_on(ctx, company, clock)
    other = second_step.begin_setup(ctx, company.as_jun, company="Moa Labs")
    with pytest.raises(Conflict, match="already"):
        second_step.finish_setup(ctx, company.as_jun, sealed=other.sealed, code=code_of(other.secret, clock))
    assert second_step.finish_sign_in(ctx, waiting(ctx, company), code_of(secret, clock))


@both_databases
def test_a_recovery_code_works_once_however_it_is_typed(ctx: Context, company: Company, clock: FakeClock) -> None:
    _, codes = turn_on(ctx, company, clock)
    typed = f"{codes[0][:4].lower()}-{codes[0][4:8]} {codes[0][8:]}"
    assert second_step.finish_sign_in(ctx, waiting(ctx, company), typed)
    with pytest.raises(Invalid):
        second_step.finish_sign_in(ctx, waiting(ctx, company), codes[0])
    assert second_step.count_codes(ctx, company.as_jun) == 9
    fresh = second_step.make_codes_anew(ctx, company.as_jun, codes[1])
    with pytest.raises(Invalid):
        second_step.finish_sign_in(ctx, waiting(ctx, company), codes[2])
    assert second_step.finish_sign_in(ctx, waiting(ctx, company), fresh[0])


def test_guessing_ends_soon_and_a_waiting_sign_in_too(ctx: Context, company: Company, clock: FakeClock) -> None:
    secret, _ = turn_on(ctx, company, clock)
    clock.move(minutes=20)
    token = waiting(ctx, company)
    for _ in range(second_step.TRIES):
        with pytest.raises(Invalid):
            second_step.finish_sign_in(ctx, token, "000000")
    with pytest.raises(Conflict):
        second_step.finish_sign_in(ctx, token, code_of(secret, clock))
    clock.move(minutes=20)
    with pytest.raises(NotFound):
        second_step.finish_sign_in(ctx, token, code_of(secret, clock))


def test_a_wrong_first_code_or_somebody_elses_setup_turns_nothing_on(
    ctx: Context, company: Company, clock: FakeClock
) -> None:
    setup = second_step.begin_setup(ctx, company.as_jun, company="Moa Labs")
    again = second_step.begin_setup(ctx, company.as_jun, company="Moa Labs", sealed=setup.sealed)
    assert again.secret == setup.secret
    with pytest.raises(Invalid):
        second_step.finish_setup(ctx, company.as_jun, sealed=setup.sealed, code="123")
    with pytest.raises(NotFound):
        second_step.finish_setup(ctx, company.as_ara, sealed=setup.sealed, code=code_of(setup.secret, clock))
    assert second_step.count_codes(ctx, company.as_jun) is None


def test_an_admin_helps_who_lost_the_phone_and_turning_off_needs_a_code(
    ctx: Context, company: Company, clock: FakeClock
) -> None:
    secret, _ = turn_on(ctx, company, clock)
    with pytest.raises(Invalid):
        second_step.turn_off(ctx, company.as_jun, "000000")
    second_step.turn_off(ctx, company.as_jun, code_of(secret, clock))
    token = sign_in.sign_in(ctx, company.jun.email, PASSWORD)
    assert token
    assert sign_in.viewer_for_session(ctx, token)
    clock.move(minutes=20)
    turn_on(ctx, company, clock)
    second_step.clear_for(ctx, company.as_ara, company.jun.id)
    assert sign_in.viewer_for_session(ctx, token) is None
    assert second_step.count_codes(ctx, company.as_jun) is None


@both_databases
def test_sessions_are_listed_ended_and_end_with_a_new_password(
    ctx: Context, company: Company, clock: FakeClock
) -> None:
    """Reliability 61."""
    here = sign_in.sign_in(ctx, company.jun.email, PASSWORD, client="Firefox, Linux")
    clock.move(minutes=1)
    there = sign_in.sign_in(ctx, company.jun.email, PASSWORD, client="Safari, iPhone")
    assert here
    assert there
    jun = company.as_jun
    assert [s.client for s in sessions.list_sessions(ctx, jun)] == ["Safari, iPhone", "Firefox, Linux"]
    clock.move(minutes=11)
    assert sign_in.viewer_for_session(ctx, here)
    first = sessions.list_sessions(ctx, jun)[0]
    assert (first.client, first.last_used_at) == ("Firefox, Linux", clock.now)
    with pytest.raises(NotFound):
        sessions.end_session(ctx, company.as_ara, sessions.session_key(there))
    sessions.end_session(ctx, jun, sessions.session_key(there))
    assert sign_in.viewer_for_session(ctx, there) is None
    other = sign_in.sign_in(ctx, company.jun.email, PASSWORD)
    assert other
    with pytest.raises(Invalid):
        sessions.change_password(ctx, jun, here, current="wrong", new="long enough too")
    with pytest.raises(Invalid):
        sessions.change_password(ctx, jun, here, current=PASSWORD, new="short")
    sessions.change_password(ctx, jun, here, current=PASSWORD, new="long enough too")
    assert sign_in.viewer_for_session(ctx, other) is None
    assert sign_in.viewer_for_session(ctx, here)
    assert sign_in.sign_in(ctx, company.jun.email, PASSWORD) is None
    sessions.end_other_sessions(ctx, jun, here)
    assert [s.key for s in sessions.list_sessions(ctx, jun)] == [sessions.session_key(here)]
