"""In charge of: calls to the free number (080) that stands in advertising by SMS (정보통신망법 §50(4)) — pushed by the
provider, and asked for from time to time, because a push may be lost and not every provider pushes.

Not in charge of: STOP, which ends every SMS (`receive_sms`), or what a refusal bars (`reach`).

A refusal bars advertising to that number in every company to whose applicants it belongs: they share the free number.
What belongs to the application goes on. It may be told again and again; one that is older than the consent in force
says nothing any more.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.errors import Invalid
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.audit import Act
from gateway.threads.channel import CannotTell, Refusal, RefusalChannel
from gateway.threads.consents import ConsentKind
from gateway.threads.model import Conversation
from gateway.threads.routing import SMS
from gateway.usecases.checks import check_phone
from gateway.usecases.consents import note_consent
from gateway.usecases.context import Context
from gateway.usecases.reach import OPT_OUT, advertising_to

BY = "080"
EVERY = 300  # seconds between questions
ASKED_FOR = timedelta(days=30)  # as far back as is asked: a provider may be away that long
log = logging.getLogger("gateway.refusals")


def record_refusals(ctx: Context, refusals: Sequence[Refusal]) -> int:
    """Bar advertising to these numbers; how many said something new."""
    return sum(_record_one(ctx, refusal) for refusal in refusals)


def ask_for_refusals(ctx: Context) -> int:
    """Ask the provider who called the free number, if it is time; how many said something new."""
    number, channel = re.sub(r"\D", "", ctx.settings.sms_refusal_number), ctx.channels.get(SMS)
    if not number or not isinstance(channel, RefusalChannel):
        return 0
    with ctx.database.begin() as tx:
        if tx.limits.count("ask:refusals", now=ctx.now, seconds=EVERY) > 1:
            return 0  # this or another process has asked
    found = channel.list_refusals(number=number, since=ctx.now - ASKED_FOR)
    if isinstance(found, CannotTell):
        log.warning("who called the free number is not known: %s", found.why)
        return 0
    return record_refusals(ctx, found)


def _record_one(ctx: Context, refusal: Refusal) -> bool:
    try:
        number = check_phone("number", refusal.number, locale="ko")
    except Invalid:
        return False
    with ctx.database.begin() as tx:
        by_workspace: dict[str, list[Conversation]] = {}
        workspaces = [w.id for w in tx.people.list_workspaces()]
        places = tx.receipts.threads_by_phone(number, workspace_ids=workspaces)
        tx.events.expect({thread_id for _, thread_id in places})  # in the order in which everybody holds threads
        for workspace_id, thread_id in places:
            if conversation := tx.threads.load(thread_id):
                by_workspace.setdefault(workspace_id, []).append(conversation)
        barred = [_bar(ctx, tx, found, number=number, at=refusal.at) for found in by_workspace.values()]
    return any(barred)


def _bar(ctx: Context, tx: Transaction, conversations: Sequence[Conversation], *, number: str, at: datetime) -> bool:
    """All of one company, with this number; False if it is known already, or older than what the person agreed to."""
    workspace_id, address = conversations[0].workspace.id, advertising_to(number)
    consents = [c for one in conversations for c in tx.consents.of_applicant(one.applicant.id)]
    agreed = [c for c in consents if c.kind is ConsentKind.PHONE and c.in_force]
    known = bool(tx.receipts.opt_outs(workspace_id, [address], code=OPT_OUT))
    if any(c.given_at > at for c in agreed) or (known and not agreed):
        return False
    tx.outbox.suppress(workspace_id, address, code=OPT_OUT, now=ctx.now)
    for one in conversations:
        tx.consents.withdraw(one.applicant.id, ConsentKind.PHONE, by=BY, now=ctx.now)
        note_consent(ctx, tx, one, Act.CONSENT_WITHDRAW, ConsentKind.PHONE, how=BY)
        tx.events.append(one.thread.id, workspace_id, events.CANDIDATE_OPTED_OUT, now=ctx.now, channel=SMS, by=BY)
    return True
