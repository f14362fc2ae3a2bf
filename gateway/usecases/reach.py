"""In charge of: what is known about reaching a candidate by each channel — addresses, what bars them, the time zone.

Not in charge of: which channel is taken (`threads.routing`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from gateway.store.database import Transaction
from gateway.threads.channel import Phone
from gateway.threads.consents import ConsentKind
from gateway.threads.decisions import Reason
from gateway.threads.model import Conversation, Delivery
from gateway.threads.purpose import Purpose
from gateway.threads.routing import ALIMTALK, EMAIL, PHONE_CHANNELS, SMS, Reach, earliest, keeps_quiet
from gateway.usecases.checks import read_mobile, zones_of
from gateway.usecases.context import Context

NEW_MESSAGE = "candidate.new_message"
_WAYS = {EMAIL: ConsentKind.EMAIL, SMS: ConsentKind.PHONE}
OPT_OUT = "opt_out"  # the code of a suppression that the person asked for
OPT_OUT_LINK = "opt_out_link"  # the same, by the link in advertising mail


def find_reach(
    ctx: Context, tx: Transaction, conversation: Conversation, *, notice: str, purpose: Purpose = Purpose.TRANSACTIONAL
) -> Reach:
    """How the candidate of this thread can be told of `notice` (a key of templates/notices)."""
    candidate, number = conversation.candidate, conversation.applicant.phone
    workspace = conversation.workspace
    suppressed = set(tx.outbox.suppressed(workspace.id, [candidate.email, number]))
    barred: dict[str, Reason] = {}
    if candidate.email.lower() in suppressed:
        barred[EMAIL] = Reason.SUPPRESSED
    elif purpose is Purpose.ADVERTISING and tx.outbox.suppressed(workspace.id, [advertising_to(candidate.email)]):
        barred[EMAIL] = Reason.OPTED_OUT
    if number:
        opted_out = bool(tx.receipts.opt_outs(workspace.id, [number], code=OPT_OUT))
        barred |= _bar_phone(
            ctx, number, notice=notice, locale=candidate.locale, suppressed=number in suppressed, opted_out=opted_out
        )
        if purpose is Purpose.ADVERTISING:
            if not ctx.settings.sms_refusal_number:
                barred.setdefault(SMS, Reason.CHANNEL_OFF)
            if tx.outbox.suppressed(workspace.id, [advertising_to(number)]):
                barred[SMS] = Reason.OPTED_OUT
    if purpose is Purpose.ADVERTISING:
        agreed = ways_agreed(tx, conversation)
        barred = {c: Reason.NO_CONSENT for c, way in _WAYS.items() if way not in agreed} | barred
    addresses = {EMAIL: candidate.email, ALIMTALK: number, SMS: number}
    return Reach(addresses, barred, zone_of(number, default=workspace.timezone))


def ways_agreed(tx: Transaction, conversation: Conversation) -> set[ConsentKind]:
    """The ways by which this person agreed to advertising."""
    return {c.kind for c in tx.consents.of_applicant(conversation.applicant.id) if c.in_force}


def may_advertise(ctx: Context, tx: Transaction, delivery: Delivery) -> bool:
    """Does the consent still hold now that it goes out? It may have been taken back since it was planned."""
    conversation = tx.threads.load(delivery.thread_id or "")
    if conversation is None:
        return False
    reach = find_reach(ctx, tx, conversation, notice=NEW_MESSAGE, purpose=delivery.purpose)
    return reach.barred.get(delivery.channel) not in (Reason.NO_CONSENT, Reason.OPTED_OUT)


def find_refused(tx: Transaction, workspace_id: str, deliveries: Iterable[Delivery]) -> frozenset[str]:
    """Ids of the deliveries to whom asked for no more of their kind: nobody on the team can send them again."""
    held = [d for d in deliveries if d.purpose is not Purpose.LEGAL_NOTICE]
    places = {d.id: d.to.lower() for d in held if d.channel in PHONE_CHANNELS}
    labels = {d.id: advertising_to(d.to) for d in held if d.purpose is Purpose.ADVERTISING}
    refused = {*tx.receipts.opt_outs(workspace_id, places.values(), code=OPT_OUT)}
    refused.update(tx.outbox.suppressed(workspace_id, labels.values()))
    return frozenset(i for which in (places, labels) for i, address in which.items() if address in refused)


def earliest_start(ctx: Context, tx: Transaction, delivery: Delivery) -> datetime:
    """When this delivery may go out at the earliest: now, or at the end of the person's night."""
    if not keeps_quiet(delivery.channel, purpose=delivery.purpose):
        return ctx.now
    conversation = tx.threads.load(delivery.thread_id or "")
    if conversation is None:
        return ctx.now
    zone = zone_of(conversation.applicant.phone, default=conversation.workspace.timezone)
    return earliest(delivery.channel, purpose=delivery.purpose, at=ctx.now, zone=zone)


def advertising_to(address: str) -> str:
    """Under what a refusal of advertising to an e-mail address or phone number is kept; everything else goes on."""
    return f"advertising:{address.lower()}"


def order_of(ctx: Context, conversation: Conversation, *, wanted: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The order in which channels are tried: what this message asks for, else the workspace's, else the
    installation's. Channels to phones that are not set up are left out, unless asked for by name.
    """
    if wanted:
        return wanted
    chosen = conversation.workspace.channels or tuple(ctx.settings.channels)
    usable = (EMAIL, *ctx.settings.phone_channels)
    return tuple(c for c in chosen if c in usable) or (EMAIL,)


def zone_of(number: str, *, default: str) -> tzinfo:
    """The zone of a phone number's country if that has one only, else the workspace's."""
    zones = zones_of(number)
    return ZoneInfo(zones[0] if len(zones) == 1 else default)


def _bar_phone(
    ctx: Context, number: str, *, notice: str, locale: str, suppressed: bool, opted_out: bool
) -> dict[str, Reason]:
    phone = read_mobile(number)
    if phone is None:
        return {ALIMTALK: Reason.NOT_MOBILE, SMS: Reason.NOT_MOBILE}
    barred = {}
    for channel in (ALIMTALK, SMS):
        reason = _why_barred(ctx, channel, phone=phone, notice=notice, locale=locale)
        if suppressed:
            reason = reason or (Reason.OPTED_OUT if opted_out else Reason.SUPPRESSED)
        if reason:
            barred[channel] = reason
    return barred


def _why_barred(ctx: Context, channel: str, *, phone: Phone, notice: str, locale: str) -> Reason | None:
    settings = ctx.settings
    if channel == ALIMTALK:
        if not settings.alimtalk_provider or not phone.is_korean:
            return Reason.CHANNEL_OFF
        return None if settings.template_code(notice, locale) else Reason.NO_TEMPLATE
    provider = settings.sms_provider if phone.is_korean else settings.sms_abroad_provider
    return None if provider else Reason.CHANNEL_OFF
