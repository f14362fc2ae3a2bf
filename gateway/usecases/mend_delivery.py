"""In charge of: what a person does about a delivery — looks at it, asks for another try, knows that it arrived.

Not in charge of: attempts (`deliver`) or the state machine (`threads.delivery`).
"""

from __future__ import annotations

from dataclasses import replace

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads.delivery import after_report
from gateway.threads.model import Delivery, DeliveryState, Viewer, ViewerKind
from gateway.threads.policies.roles import check_role
from gateway.threads.routing import PHONE_CHANNELS
from gateway.usecases.checks import check_mobile, check_outer_email
from gateway.usecases.context import Context
from gateway.usecases.enter_applicant import correct_contact
from gateway.usecases.note_delivery import note_delivery
from gateway.usecases.reach import find_refused
from gateway.usecases.suppression import note_corrected


def send_again(ctx: Context, viewer: Viewer, delivery_id: str, *, to: str | None = None) -> Delivery:
    """A person asks for another try, perhaps to a corrected address. Raises NotFound, Invalid, Conflict."""
    with ctx.database.begin() as tx:
        if to:
            tx.people.lock_workspace(viewer.workspace_id)  # as whoever changes an applicant does, and first of all
        delivery = _open_delivery(tx, viewer, delivery_id, to_change=True)
        address = _check_address(ctx, delivery, to, locale=viewer.locale) if to else None
        wanted = address or delivery.to
        if not wanted:
            raise Invalid("to", "There is no address: give one.", code="address_missing")
        if find_refused(tx, delivery.workspace_id, [replace(delivery, to=wanted)]):
            raise Conflict("opted_out", "This person asked for no more messages by this channel.")
        note_corrected(tx, delivery.workspace_id, wanted)
        if not tx.outbox.queue_again(delivery_id, to=wanted, now=ctx.now):
            raise Conflict("not_failed", "Only a delivery that failed can be sent again.")
        if address:
            _correct(ctx, tx, delivery, address=address, by=viewer)
        note_delivery(ctx, tx, delivery, state=DeliveryState.QUEUED)
        tx.wake("deliver", delivery_id)
        return _open_delivery(tx, viewer, delivery_id)


def _check_address(ctx: Context, delivery: Delivery, to: str, *, locale: str) -> str:
    if delivery.channel not in PHONE_CHANNELS:
        return check_outer_email("to", to, reply_domain=ctx.settings.reply_domain)
    return check_mobile("to", to, locale=locale)


def _correct(ctx: Context, tx: Transaction, delivery: Delivery, *, address: str, by: Viewer) -> None:
    """A corrected address is the person's from now on. Raises Conflict if it is another colleague's."""
    conversation = tx.threads.load(delivery.thread_id or "")
    if conversation is None or delivery.participant_id is None:
        return
    if delivery.participant_id == conversation.candidate.id:
        way = "phone" if delivery.channel in PHONE_CHANNELS else "email"
        correct_contact(ctx, tx, conversation, way=way, address=address, by=by)
        return
    others = [p for p in conversation.participants if p.id not in (delivery.participant_id, conversation.candidate.id)]
    if address in [p.email for p in others]:
        raise Conflict("told_already", "Somebody here has this address already and is told by a mail of their own.")
    tx.threads.update_participant(delivery.participant_id, email=address)


def mark_arrived(ctx: Context, viewer: Viewer, delivery_id: str) -> Delivery:
    """A person knows that an uncertain delivery arrived. Raises NotFound, Conflict."""
    with ctx.database.begin() as tx:
        delivery = _open_delivery(tx, viewer, delivery_id, to_change=True)
        move = after_report(delivery.state, "delivered", code="", detail=f"Marked as arrived by {viewer.name}.")
        if move is None:
            raise Conflict("not_uncertain", "This delivery is not waiting for an answer.")
        tx.attempts.save_move(delivery_id, move, lease_id=None, now=ctx.now)
        note_delivery(ctx, tx, delivery, state=move.state)
        return _open_delivery(tx, viewer, delivery_id)


def _open_delivery(tx: Transaction, viewer: Viewer, delivery_id: str, *, to_change: bool = False) -> Delivery:
    """A delivery by the one door: only who may open its thread, and never a candidate; changed by no evaluator."""
    delivery = tx.outbox.find(delivery_id, attempts=True)
    if delivery is None or delivery.thread_id is None or viewer.kind is ViewerKind.CANDIDATE:
        raise NotFound("delivery")
    conversation = tx.threads.open_for(viewer, delivery.thread_id)
    if conversation is None:
        raise NotFound("delivery")
    if to_change and not (role := check_role(viewer, conversation.opening.id)).allowed:
        raise Refused(role)
    return delivery


def read_delivery(ctx: Context, viewer: Viewer, delivery_id: str) -> Delivery:
    """One delivery with its attempts. Raises NotFound."""
    with ctx.database.read() as tx:
        return _open_delivery(tx, viewer, delivery_id)
