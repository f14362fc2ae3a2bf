"""In charge of: rejecting one or many with the message that suits each (SJ-P1). Not in charge of: the gate
(`change_stage`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.errors import GatewayError, Invalid, NotFound
from gateway.threads.model import CameInBy, Conversation, Viewer
from gateway.threads.policies.rejection import REJECTED_STAGE, WaitingRejection
from gateway.usecases.change_stage import change_stage, thread_of_applicant
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, find_posted
from gateway.usecases.read_thread import read_page
from gateway.usecases.waiting import take_back_rejection

MOST = 200  # applicants in one call


@dataclass(frozen=True, slots=True)
class Rejection:
    """What became of one of many; `error` is what stood in the way."""

    external_id: str
    thread_id: str = ""
    error: GatewayError | None = None

    @property
    def problem(self) -> str:
        """For programs, in a sentence; "" when it worked."""
        if isinstance(self.error, NotFound):
            return "There is no such applicant."
        return str(self.error) if self.error else ""


def suggest_rejection(ctx: Context, conversation: Conversation) -> str:
    """A kind message in the candidate's language, to be sent as it is or edited."""
    return ctx.render.text(
        conversation.candidate.locale,
        "reject.template",
        name=conversation.candidate.name,
        opening=conversation.opening.title,
        company=conversation.workspace.name,
    )


def reject_applicant(
    ctx: Context,
    viewer: Viewer,
    thread_id: str,
    *,
    notify: NewMessage | None,
    suggest: bool = False,
    client_key: str = "",
    undo: int = 0,
    seen_event: int | None = None,
    reason: str = "",
) -> Conversation:
    """Reject one: with a message, with the suggested one, or silently; then it can be taken back for `undo` seconds.
    `client_key`: the same again is one message, and one note. `seen_event`: as in `change_stage`. `reason` becomes a
    note for the team.

    Raises NotFound, Invalid, Refused, Conflict (`rejected_meanwhile`).
    """
    if suggest and notify is None:
        conversation = read_page(ctx, viewer, thread_id, limit=1).conversation
        text = suggest_rejection(ctx, conversation)
        notify = NewMessage(text=text, came_in_by=CameInBy.API, client_key=client_key)
    closes_at = ctx.now + timedelta(seconds=undo)
    return change_stage(
        ctx,
        viewer,
        thread_id,
        REJECTED_STAGE,
        notify=notify,
        closes_at=closes_at,
        seen_event=seen_event,
        reason=reason,
        client_key=client_key,
    )


def reject_many(
    ctx: Context,
    viewer: Viewer,
    external_ids: Sequence[str],
    *,
    notify: Callable[[str], NewMessage] | None,
    suggest: bool,
    reason: str = "",
    client_key: str = "",
    undo: int = 0,
    seen: Mapping[str, int] | None = None,
) -> list[Rejection]:
    """Reject many, each personally (`notify` makes the message for a thread); one that fails does not stop the others.
    `reason` becomes a note for the team in each that was rejected. `client_key`, `undo`: as for one; `seen`: the newest
    event that was seen, by the thread's id.

    Raises Invalid for too many.
    """
    if len(external_ids) > MOST:
        raise Invalid("applicants", f"Give at most {MOST} at a time.", code="applicants_many", params={"limit": MOST})
    return [
        _reject_one(
            ctx,
            viewer,
            external_id,
            notify=notify,
            suggest=suggest,
            reason=reason,
            key=client_key,
            undo=undo,
            seen=seen or {},
        )
        for external_id in dict.fromkeys(external_ids)
    ]


def find_waiting_rejections(ctx: Context, viewer: Viewer, thread_ids: Sequence[str]) -> dict[str, WaitingRejection]:
    """Those of these conversations whose rejection can still be taken back."""
    with ctx.database.read() as tx:
        mine = [i for i in thread_ids if tx.threads.open_for(viewer, i)]
        return tx.waiting.rejections(mine, now=ctx.now)


def undo_rejections(ctx: Context, viewer: Viewer, thread_ids: Sequence[str]) -> list[str]:
    """Take back those that have not taken force: nothing is sent, no gate closes. The threads in which that worked."""
    with ctx.database.read() as tx:
        waiting = tx.waiting.rejections(list(dict.fromkeys(thread_ids))[:MOST], now=ctx.now)
    undone = []
    for thread_id in waiting:
        try:
            take_back_rejection(ctx, viewer, thread_id)
        except GatewayError:  # a worker was quicker, or it is not theirs to take back
            continue
        undone.append(thread_id)
    return undone


def is_begun(ctx: Context, viewer: Viewer, external_ids: Sequence[str], client_key: str) -> bool:
    """Has one of them been written to with this key? Then the call comes again, and its answer was lost."""
    if not client_key:
        return False
    with ctx.database.read() as tx:
        found = [tx.people.find_applicant(viewer.workspace_id, i) for i in external_ids[:MOST]]
        threads = [tx.threads.find_by_applicant(one.id) for one in found if one]
    return any(find_posted(ctx, viewer, thread_id, client_key) for thread_id in threads if thread_id)


def _reject_one(
    ctx: Context,
    viewer: Viewer,
    external_id: str,
    *,
    notify: Callable[[str], NewMessage] | None,
    suggest: bool,
    reason: str,
    key: str,
    undo: int,
    seen: Mapping[str, int],
) -> Rejection:
    try:
        thread_id = thread_of_applicant(ctx, viewer, external_id)
        if find_posted(ctx, viewer, thread_id, key):  # stage and reason were written with the message
            return Rejection(external_id, thread_id)
        own = notify(thread_id) if notify else None
        newest = seen.get(thread_id)
        reject_applicant(
            ctx,
            viewer,
            thread_id,
            notify=own,
            suggest=suggest,
            client_key=key,
            undo=undo,
            seen_event=newest,
            reason=reason,
        )
    except GatewayError as error:
        return Rejection(external_id, error=error)
    return Rejection(external_id, thread_id)
