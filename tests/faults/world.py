"""In charge of: the company and its applicants in a real database, and what a person would see there afterwards.

Not in charge of: processes (`process`).
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cast import Company, as_candidate, make_applicant, make_company
from sqlalchemy import func, select, update

from faults.history import REVIEW
from faults.process import Gateway, Zygote, environment_of, wait_until
from faults.provider import Provider
from faults.sender import Mail, write_mail
from gateway.store import tables as t
from gateway.threads.addresses import reply_address
from gateway.threads.delivery import CLAIMABLE
from gateway.threads.model import DeliveryState, InboxState
from gateway.usecases.applicants import put_opening
from gateway.usecases.context import Context
from gateway.usecases.preferences import save_preferences
from gateway.usecases.read_thread import messages_after
from gateway.usecases.views import ApplicantView

MAILS_EACH = 40  # mails of one applicant; from 60 in an hour on a sender is held back (GW-5)
_NAME = re.compile(r"[a-z]+-\d{6}-x")
_UNDECIDED = (InboxState.RECEIVED, InboxState.PROCESSING)
_IN_REVIEW = (InboxState.HELD, InboxState.UNMATCHED, InboxState.FAILED)


@dataclass(frozen=True)
class Person:
    """An applicant: where their mail comes from, goes to, and is shown."""

    email: str
    address: str
    thread_id: str
    view: ApplicantView


@dataclass
class World:
    """`ctx` looks at the database with the machine's clock; processes work on the same one."""

    ctx: Context
    zygote: Zygote
    folder: Path
    provider: Provider
    company: Company
    belongs: dict[str, tuple[str, ...]] = field(default_factory=dict)  # mail → threads in which it must be seen
    gateways: list[Gateway] = field(default_factory=list)
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _left: int = 0
    _person: Person | None = None

    def add_person(self) -> Person:
        number = next(self._serial)
        email = f"person{number}@mail.example"
        view = make_applicant(
            self.ctx, self.company, external_id=f"person-{number}", name=f"Person {number}", email=email
        )
        address = reply_address(self.ctx.settings.key, as_candidate(self.ctx, view).id, self.ctx.settings.reply_domain)
        return Person(email, address, view.thread_id, view)

    def next_person(self) -> Person:
        """Somebody who may write one more mail."""
        if self._person is None or self._left == 0:
            self._person, self._left = self.add_person(), MAILS_EACH
        self._left -= 1
        return self._person

    def write(self, *people: Person, size: int = 0) -> Mail:
        """A mail of the first of these people (or of anybody) to all of them."""
        writers = people or (self.next_person(),)
        mail = write_mail(writers[0].email, *(p.address for p in writers), size=size)
        self.belongs[mail.name] = tuple(p.thread_id for p in writers)
        return mail

    def write_blindly(self) -> Mail:
        """A mail of somebody who is known already, while the database is away."""
        assert self._person is not None
        return self.write(self._person)

    def gateway(self, command: str, **environment: str) -> Gateway:
        """A process of the gateway, not yet started."""
        values = environment_of(self.ctx.settings, GATEWAY_OUTBOUND_SMTP_URL=self.provider.url)
        log = self.folder / f"{command}{len(self.gateways)}.log"
        made = Gateway(self.zygote, {**values, **environment}, command=command, log=log)
        self.gateways.append(made)
        return made

    def notify(self, *emails: str) -> None:
        """Who gets a delivery for each message of a candidate."""
        put_opening(self.ctx, self.company.ats, "designer", title="Product Designer", notify_emails=list(emails))

    # -- what there is ----------------------------------------------------------------------------------------

    def visible(self) -> dict[str, list[str]]:
        """Where a person finds each mail: the thread's id for each message, REVIEW for each entry of the queue."""
        found: dict[str, list[str]] = {}
        review = select(t.inbox.c.subject, t.inbox.c.id).where(t.inbox.c.state.in_([s.value for s in _IN_REVIEW]))
        with self.ctx.database.read() as tx:
            for text, thread_id in tx.connection.execute(select(t.messages.c.text, t.messages.c.thread_id)):
                for name in _NAME.findall(text):
                    found.setdefault(name, []).append(thread_id)
            for subject, entry_id in tx.connection.execute(review):
                name = _NAME.search(subject or self._raw(entry_id))
                if name:
                    found.setdefault(name[0], []).append(REVIEW)
        return found

    def texts(self, person: Person) -> list[str]:
        """The thread as the ATS reads it."""
        return [shown.message.text for shown in messages_after(self.ctx, self.company.ats, person.thread_id, limit=100)]

    def _raw(self, entry_id: str) -> str:
        with self.ctx.database.read() as tx:
            entry = tx.inbox.find(entry_id)
            assert entry is not None
            return tx.blobs.read(entry.digest).decode("utf-8", "replace")

    def count_undecided(self, *states: InboxState) -> int:
        """Entries that nobody has decided about yet, in these states or any."""
        wanted = [s.value for s in states or _UNDECIDED]
        query = select(func.count()).select_from(t.inbox).where(t.inbox.c.state.in_(wanted))
        with self.ctx.database.read() as tx:
            return int(tx.connection.execute(query).scalar_one())

    def count_entries(self) -> int:
        with self.ctx.database.read() as tx:
            return int(tx.connection.execute(select(func.count()).select_from(t.inbox)).scalar_one())

    def delivery_states(self) -> dict[str, DeliveryState]:
        """State of each delivery by its Message-ID."""
        query = select(t.deliveries.c.rfc_message_id, t.deliveries.c.state)
        with self.ctx.database.read() as tx:
            return {row[0]: DeliveryState(row[1]) for row in tx.connection.execute(query)}

    def delivery_id(self, message_id: str) -> str:
        """The delivery that goes out under this Message-ID."""
        query = select(t.deliveries.c.id).where(t.deliveries.c.rfc_message_id == message_id)
        with self.ctx.database.read() as tx:
            return str(tx.connection.execute(query).scalar_one())

    def outcomes(self) -> dict[str, list[str]]:
        """The attempts' outcomes of each delivery by its Message-ID, in order."""
        d, a = t.deliveries, t.attempts
        query = select(d.c.rfc_message_id, a.c.outcome).join(a, a.c.delivery_id == d.c.id).order_by(a.c.number)
        found: dict[str, list[str]] = {}
        with self.ctx.database.read() as tx:
            for message_id, outcome in tx.connection.execute(query):
                found.setdefault(message_id, []).append(outcome)
        return found

    def assert_sent(self) -> Counter[str]:
        """P8: every delivery reached the provider; a second time only where a try ended unknown. Counts by
        Message-ID."""
        sent, outcomes = self.provider.counts(), self.outcomes()
        assert set(sent) == set(self.delivery_states())
        unknown = {m: o.count("unknown") for m, o in outcomes.items()}
        assert {m: n for m, n in sent.items() if n > 1 + unknown[m]} == {}
        return sent

    # -- time and quiet ---------------------------------------------------------------------------------------

    def let_leases_run_out(self) -> None:
        """What a dead worker held becomes free, as it does by itself after one or two minutes."""
        past = datetime.now(UTC) - timedelta(seconds=1)
        with self.ctx.database.begin() as tx:
            tx.connection.execute(update(t.inbox).where(t.inbox.c.state == "processing").values(lease_until=past))
            tx.connection.execute(
                update(t.deliveries).where(t.deliveries.c.state == "sending").values(lease_until=past)
            )

    def let_waits_run_out(self) -> None:
        """Deliveries that wait for their next attempt are due now."""
        now, c = datetime.now(UTC), t.deliveries.c
        waiting = c.state.in_([s.value for s in CLAIMABLE]) & c.next_attempt_at.is_not(None)
        with self.ctx.database.begin() as tx:
            tx.connection.execute(update(t.deliveries).where(waiting).values(next_attempt_at=now))

    def is_quiet(self) -> bool:
        """Nothing is left to do."""
        waiting = (DeliveryState.QUEUED, DeliveryState.SENDING)
        return not self.count_undecided() and not any(s in waiting for s in self.delivery_states().values())

    def await_quiet(self, *, seconds: float = 60.0) -> None:
        wait_until(self.is_quiet, "all mails to be decided and all deliveries to be sent", seconds=seconds)

    def await_sent(self, *, seconds: float = 60.0) -> None:
        """Every delivery was handed over, those of uncertain outcome again."""
        ended = {DeliveryState.ACCEPTED}
        wait_until(lambda: set(self.delivery_states().values()) <= ended, "every delivery to be sent", seconds=seconds)

    def await_log(self, log: Path, words: str) -> None:
        wait_until(lambda: log.exists() and words in log.read_text(), f"{words!r} in {log}")

    def close(self) -> None:
        for gateway in self.gateways:
            gateway.close()
        self.provider.close()


def make_world(ctx: Context, zygote: Zygote, folder: Path) -> World:
    company = make_company(ctx)
    save_preferences(ctx, company.as_jun, on=(), kinds={}, hours=None)  # the bell alone: no mail but the messages
    return World(ctx, zygote, folder, Provider(), company)
