"""In charge of: the calls by which a browser's script gives its push subscription and asks whether it is still wanted,
and the buttons beside each device.

Not in charge of: the list of devices (`personal`), the browser's side (gateway/web/static/scripts/devices.js).
"""

from __future__ import annotations

from starlette.responses import JSONResponse, PlainTextResponse, Response

from gateway.errors import Conflict, Invalid, NotFound
from gateway.threads.devices import Subscription
from gateway.threads.model import Viewer
from gateway.usecases import devices
from gateway.usecases.sessions import session_key
from gateway.web.auth import name_client, session_token
from gateway.web.desk.personal import PATH, show_personal
from gateway.web.visits import Visit, go_to, say_error


def keep_page(visit: Visit, viewer: Viewer) -> Response:
    """Takes a browser's subscription to its push service, for the session that asks; the answer is the device's id."""
    given = {name: visit.text(name)[:2100] for name in ("endpoint", "p256dh", "auth", "key")}
    subscription = Subscription(given["endpoint"], given["p256dh"], given["auth"], given["key"])
    ctx = visit.site.ctx
    try:
        device = devices.keep_device(
            ctx,
            viewer,
            session_token(visit.request, ctx),
            subscription,
            client=name_client(visit.request),
            device_id=visit.text("device")[:26],
        )
    except Invalid as fault:
        return PlainTextResponse(say_error(visit, fault), 422)
    return PlainTextResponse(device.id)


def device_page(visit: Visit, viewer: Viewer) -> Response:
    """The key for a device and whether it is as it should be; 404 when it was removed. POST tries or removes it."""
    ctx, device_id = visit.site.ctx, visit.path("device_id")
    if not visit.is_post:
        device, key = devices.find_device(ctx, viewer, device_id), devices.push_key(ctx)
        session = session_key(session_token(visit.request, ctx))
        return JSONResponse({"key": key, "current": (device.session, device.subscription.vapid) == (session, key)})
    match visit.text("do"):
        case "test":
            try:
                devices.send_test_push(ctx, viewer, device_id)
            except Conflict as fault:
                return show_personal(visit, viewer, problems={"devices": say_error(visit, fault)})
            return go_to(PATH, anchor="tested")
        case "remove":
            devices.remove_device(ctx, viewer, device_id)
            return go_to(PATH, anchor="f-devices")
    raise NotFound("no such button")
