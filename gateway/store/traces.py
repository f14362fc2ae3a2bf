"""In charge of: what of a person lies outside their own conversations — mails that found none, messages that were
moved to somebody else's, lines of the audit log, stored answers, suppressions — and taking it away (SJ-P3).

Not in charge of: the conversations themselves (`erasure`), or when that is due (`usecases.erase`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Select, delete, func, or_, select, union, update

from gateway.store import tables as t
from gateway.store.listing import is_there
from gateway.store.outbox import suppression_key
from gateway.store.session import Session
from gateway.threads.addresses import sms_address, token_subject
from gateway.threads.model import AuthorKind, InboxState, Role

OUTSIDE = (Role.CANDIDATE.value, Role.GUEST.value)
UNREAD = (InboxState.RECEIVED.value, InboxState.PROCESSING.value)


@dataclass(frozen=True, slots=True)
class Known:
    """By what the people on the candidate's side of some conversations are known."""

    names: frozenset[str]
    addresses: frozenset[str]  # e-mail, in lower case
    phones: frozenset[str]

    @property
    def senders(self) -> set[str]:
        """From which their mails and text messages come."""
        return {*self.addresses, *map(sms_address, self.phones)}


class Traces:
    """Within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def known_of(self, thread_ids: Collection[str]) -> Known:
        """The candidate and their guests."""
        p, a, ids = t.participants.c, t.applicants.c, list(thread_ids)
        outside = select(p.id, p.name, p.email).where(p.thread_id.in_(ids), p.role.in_(OUTSIDE))
        people = self._session.execute(outside).all()
        applicants = select(a.name, a.email, a.phone).join(t.threads, t.threads.c.applicant_id == a.id)
        told = self._session.execute(applicants.where(t.threads.c.id.in_(ids))).all()
        further = select(t.addresses.c.email).where(t.addresses.c.participant_id.in_([row.id for row in people]))
        addresses = {row.email.lower() for row in (*people, *told)} | set(self._session.execute(further).scalars())
        return Known(
            names=frozenset(row.name for row in (*people, *told) if row.name),
            addresses=frozenset(addresses - {""}),
            phones=frozenset(row.phone for row in told if row.phone),
        )

    def known_only_here(self, workspace_id: str, thread_ids: Collection[str]) -> Known:
        """The same without addresses and numbers that somebody, be it the same person, has in another conversation of
        the workspace, or a member: what is stored under those is not these conversations' alone.
        """
        known = self.known_of(thread_ids)
        shared = self._known_elsewhere(workspace_id, known, but=thread_ids)
        return Known(known.names, known.addresses - shared, known.phones - shared)

    def _known_elsewhere(self, workspace_id: str, known: Known, *, but: Collection[str]) -> set[str]:
        th, p, further, m = t.threads.c, t.participants.c, t.addresses.c, t.members.c
        others = (th.workspace_id == workspace_id, th.id.not_in(list(but)), is_there())
        mine, numbers = sorted(known.addresses), sorted(known.phones)
        queries: list[Select[tuple[str]]] = [
            select(p.email).join(t.threads, th.id == p.thread_id).where(p.email.in_(mine), *others),
            select(further.email)
            .join(t.participants, p.id == further.participant_id)
            .join(t.threads, th.id == p.thread_id)
            .where(further.email.in_(mine), *others),
            select(t.applicants.c.phone)
            .join(t.threads, th.applicant_id == t.applicants.c.id)
            .where(t.applicants.c.phone.in_(numbers), *others),
            select(m.email).where(m.workspace_id == workspace_id, m.email.in_(mine)),
        ]
        return set(self._session.execute(union(*queries)).scalars())

    def messages_elsewhere(self, thread_ids: Collection[str]) -> dict[str, list[str]]:
        """Messages that once were in these conversations and now are in another, by that one."""
        c, m, ids = t.moved.c, t.messages.c, list(thread_ids)
        query = select(m.thread_id, m.id).join(t.moved, c.message_id == m.id)
        found: dict[str, list[str]] = {}
        gone = query.where(c.thread_id.in_(ids), m.thread_id.not_in(ids)).distinct().order_by(m.thread_id, m.id)
        for row in self._session.execute(gone):
            found.setdefault(row.thread_id, []).append(row.id)
        return found

    def deliveries_of(self, thread_ids: Collection[str]) -> set[str]:
        """What went out of these conversations, by id."""
        query = select(t.deliveries.c.id).where(t.deliveries.c.thread_id.in_(list(thread_ids)))
        return set(self._session.execute(query).scalars())

    def empty_places(self, message_ids: Collection[str]) -> None:
        """The numbers that these messages left elsewhere stay taken, and say no more of them."""
        where = t.moved.c.message_id.in_(list(message_ids))
        blank = {"client_key": None, "rfc_message_id": "", "body_digest": ""}
        self._session.execute(update(t.moved).where(where).values(blank))

    def loose_mails(self, workspace_id: str, addresses: Collection[str]) -> list[str]:
        """Entries from these addresses that are no messages of a conversation, by id."""
        c = t.inbox.c
        sender = func.lower(c.envelope_from)  # of a mail that could not be read
        theirs = or_(c.from_address.in_(addresses), (c.from_address == "") & sender.in_(addresses))
        where = (c.workspace_id == workspace_id, c.state != InboxState.THREADED.value, theirs)
        return list(self._session.execute(select(c.id).where(*where).order_by(c.id)).scalars()) if addresses else []

    def forget_mails(self, workspace_id: str, addresses: Collection[str], *, subject_ids: Collection[str]) -> list[str]:
        """Remove mails that are in no conversation: those from these addresses, and those that nobody has read yet to
        the reply addresses of these participants or the return paths of these deliveries. The digests they named.
        """
        c, ids = t.inbox.c, set(self.loose_mails(workspace_id, addresses))
        unread = self._session.execute(select(c.id, c.rcpt).where(c.state.in_(UNREAD)))
        ids |= {row.id for row in unread if token_subject(row.rcpt.partition("@")[0][2:]) in subject_ids}
        if not ids:
            return []
        self._session.execute(delete(t.confirmations).where(t.confirmations.c.entry_id.in_(ids)))
        self._session.execute(delete(t.news).where(t.news.c.subject_id.in_(ids)))
        return list(self._session.execute(delete(t.inbox).where(c.id.in_(ids)).returning(c.digest)).scalars())

    def forget_suppressions(self, workspace_id: str, addresses: Iterable[str], *, but: Collection[str]) -> None:
        """Those of these addresses, except with the codes `but`."""
        c = t.suppressions.c
        keys = [suppression_key(workspace_id, address) for address in addresses]
        where = (c.workspace_id == workspace_id, c.address.in_(keys), c.code.not_in(list(but)))
        self._session.execute(delete(t.suppressions).where(*where))

    def blank_audit(self, thread_ids: Collection[str]) -> None:
        """Lines about what the people outside did keep their id alone: earlier versions wrote the name beside it."""
        c = t.audit.c
        outside = [kind.value for kind in AuthorKind if kind.is_outside]
        where = (c.thread_id.in_(list(thread_ids)), c.actor_kind.in_(outside))
        self._session.execute(update(t.audit).where(*where).values(actor_name=""))

    def answers_with(self, workspace_id: str, words: Iterable[str]) -> list[tuple[str, str]]:
        """(key, body) of stored answers in which one of these words stands."""
        c = t.idempotency_keys.c
        mentions = [c.body.contains(word, autoescape=True) for word in words]
        query = select(c.key, c.body).where(c.workspace_id == workspace_id, or_(*mentions))
        return [(row.key, row.body) for row in self._session.execute(query)] if mentions else []

    def replace_answer(self, workspace_id: str, key: str, body: str) -> None:
        c = t.idempotency_keys.c
        where = (c.workspace_id == workspace_id, c.key == key)
        self._session.execute(update(t.idempotency_keys).where(*where).values(body=body))
