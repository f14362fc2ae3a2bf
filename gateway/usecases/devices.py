"""In charge of: the devices on which a member is shown their news: kept, listed, tried, removed, forgotten.

Not in charge of: what is pushed (`push_words`), or when (`send_news`).

A device belongs to the session in which it was given: when that ends, nothing is pushed any more. When the same member
signs in there again, their browser gives it once more under its id, and it goes on. When somebody else does, it is told
that there is no such device, and ends the subscription.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.errors import Conflict, Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.devices import Device, Subscription
from gateway.threads.model import Viewer, ViewerKind
from gateway.threads.notifying import PUSH
from gateway.threads.webhooks import url_fault
from gateway.usecases.context import Context, PushKeys
from gateway.usecases.note_act import note_act
from gateway.usecases.push_words import TEST
from gateway.usecases.sessions import session_key
from gateway.usecases.sign_in import queue_notice

MOST = 20  # of one member; then the oldest gives way
TESTS = 10  # in the window
WINDOW = 3600  # seconds
KEPT = timedelta(days=90)


def push_key(ctx: Context) -> str:
    """The public key with which a browser subscribes."""
    return _keys(ctx).public


def list_devices(ctx: Context, viewer: Viewer) -> list[Device]:
    """Where this member's news is shown, the oldest first."""
    with ctx.database.read() as tx:
        return tx.devices.open_of(viewer.id, now=ctx.now)


def find_device(ctx: Context, viewer: Viewer, device_id: str) -> Device:
    """A device of this member, also one that waits for them to sign in there again. Raises NotFound."""
    with ctx.database.read() as tx:
        return _find(tx, viewer, device_id)


def keep_device(
    ctx: Context, viewer: Viewer, token: str, subscription: Subscription, *, client: str, device_id: str = ""
) -> Device:
    """Show news on the browser of this session (`token`) from now on; the first time, that way is switched on.

    With `device_id` it is a device that was there before: only its subscription or session is new. Raises NotFound when
    that was removed meanwhile, Invalid for a subscription to which nothing can be sent.
    """
    if viewer.kind is not ViewerKind.MEMBER:
        raise NotFound("member")
    _check(ctx, subscription)
    with ctx.database.begin() as tx:
        if device_id:
            known = _find(tx, viewer, device_id)
            device = replace(known, subscription=subscription, client=client, session=session_key(token))
        else:
            device = Device(ctx.new_id(), viewer.id, subscription, client, ctx.now, session_key(token))
            _switch_on(tx, viewer)
            note_act(ctx, tx, viewer, Act.DEVICE_ADD, device_id=device.id)
        tx.devices.put(device, now=ctx.now)
        for old in tx.devices.open_of(viewer.id, now=ctx.now)[:-MOST]:
            tx.devices.remove(old.id)
    return device


def remove_device(ctx: Context, viewer: Viewer, device_id: str) -> None:
    """Show nothing there any more. Raises NotFound."""
    with ctx.database.begin() as tx:
        tx.devices.remove(_find(tx, viewer, device_id).id)
        note_act(ctx, tx, viewer, Act.DEVICE_REMOVE, device_id=device_id)


def send_test_push(ctx: Context, viewer: Viewer, device_id: str) -> None:
    """Show a few words there now, at any hour, for they are asked for. Raises NotFound, Conflict (`too_many_tests`)."""
    with ctx.database.begin() as tx:
        device = _find(tx, viewer, device_id)
        if tx.limits.count(f"push-test:{viewer.id}", now=ctx.now, seconds=WINDOW) > TESTS:
            raise Conflict("too_many_tests", "Too many tests. Wait an hour.")
        queue_notice(
            ctx,
            tx,
            viewer.workspace_id,
            key=TEST,
            to=viewer.email,
            locale=viewer.locale,
            variables={"member": viewer.id, "device": device.id},
            channel=PUSH,
        )


def forget_old_devices(ctx: Context) -> int:
    """Remove devices where nobody has been signed in for long; how many."""
    with ctx.database.begin() as tx:
        return tx.devices.forget(before=ctx.now - KEPT, now=ctx.now)


def _check(ctx: Context, subscription: Subscription) -> None:
    fault = url_fault(subscription.endpoint, allow_private=ctx.settings.webhook_private_addresses)
    if fault or not subscription.endpoint.isascii():
        raise Invalid("endpoint", fault or "This is no address of a push service.", code="push_subscription")
    if not _keys(ctx).fit(subscription):
        raise Invalid("p256dh", "This browser's keys do not fit: subscribe again.", code="push_subscription")


def _keys(ctx: Context) -> PushKeys:
    if ctx.push_keys is None:
        raise NotFound("push keys")
    return ctx.push_keys


def _switch_on(tx: Transaction, viewer: Viewer) -> None:
    seat = tx.news.find_seat(viewer.id)
    if seat and PUSH not in seat.preferences.on:
        tx.news.save_preferences(viewer.id, replace(seat.preferences, on=seat.preferences.on | {PUSH}))


def _find(tx: Transaction, viewer: Viewer, device_id: str) -> Device:
    device = tx.devices.find(device_id, viewer.id)
    if device is None:
        raise NotFound("device")
    return device
