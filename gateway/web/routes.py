"""In charge of: the whole URL table of the web, and the layers around it. Not in charge of: any page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway.usecases import read_thread
from gateway.usecases.context import Context
from gateway.web import brand, confirm, devbox, files, health, portal, portal_live, receipts, static_files, unsubscribe
from gateway.web.api.docs import api_docs_page
from gateway.web.auth import is_https
from gateway.web.desk import (
    bell,
    composer,
    consents,
    conversations,
    copies,
    deliveries,
    devices,
    figures,
    live,
    merging,
    moving,
    organise,
    personal_data,
    presence,
    review,
    search,
    settings,
    sign_in,
    stages,
    thread,
    waiting,
)
from gateway.web.faults import Faults, answer_fault
from gateway.web.feed import Feed
from gateway.web.security import Guard, SecureHeaders
from gateway.web.settings_routes import settings_routes
from gateway.web.site import Mailbox, Pages, Phone, Site
from gateway.web.visits import for_everyone, for_members

READ, WRITE, BOTH = ["GET"], ["POST"], ["GET", "POST"]
FORM_OVERHEAD = 1 << 20  # bytes of a form besides its files
ROOM = 4 / 3  # files somewhat too large still arrive, so that the answer names them


def build_web(
    ctx: Context,
    rendering: Pages,
    *,
    mailbox: Mailbox | None = None,
    phone: Phone | None = None,
    api: Mount | None = None,
    demo_login: Callable[[str], str | None] | None = None,
) -> Starlette:
    """The web application. `mailbox`, `phone`, `demo_login` open the pages under /dev; `api` is mounted at /api/v1."""
    limits = ctx.settings
    site = Site(
        ctx=ctx,
        pages=rendering,
        assets=static_files.load_assets(),
        feed=Feed(read_after=partial(read_thread.feed_after, ctx), read_head=partial(read_thread.feed_head, ctx)),
        mailbox=mailbox,
        phone=phone,
        demo_login=demo_login,
    )
    routes = [*_public(), *_desk(), *_machines()]
    if mailbox is not None or demo_login is not None:
        routes += _dev()
    if api is not None:
        routes += [api, Route("/api/docs", api_docs_page, methods=READ)]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(SecureHeaders, https=is_https(ctx)),
            Middleware(ProxyHeadersMiddleware, trusted_hosts=limits.trusted_proxies),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=6),
            Middleware(Faults),
            Middleware(
                Guard,
                public_url=limits.public_url,
                max_bytes=int(limits.max_upload_bytes * ROOM) + FORM_OVERHEAD,
            ),
        ],
        exception_handlers={HTTPException: answer_fault},
    )
    app.state.site = site
    return app


def _public() -> list[BaseRoute]:
    return [
        Route("/", for_everyone(conversations.root), methods=READ),
        Route("/c/lost", for_everyone(portal.ask_new_link), methods=BOTH),
        Route("/c/confirm/{token}", for_everyone(confirm.confirm_page), methods=BOTH),
        Route("/u/{token}", for_everyone(unsubscribe.unsubscribe_page), methods=BOTH),
        Route("/c/{token}", for_everyone(portal.candidate_page), methods=BOTH),
        Route("/c/{token}/stream", portal_live.candidate_stream, methods=READ),
        Route("/c/{token}/files/{attachment_id}/{name}", for_everyone(files.send_candidate_file), methods=READ),
        Route("/sign-in", for_everyone(sign_in.sign_in_page), methods=BOTH),
        Route("/sign-in/link/{token}", for_everyone(sign_in.link_page), methods=BOTH),
        Route("/sign-in/code", for_everyone(sign_in.code_page), methods=BOTH),
        Route("/sign-in/company/back", for_everyone(sign_in.end_company), methods=READ),
        Route("/sign-in/company/{slug}", for_everyone(sign_in.begin_company), methods=READ),
        Route("/sign-out", for_everyone(sign_in.sign_out), methods=WRITE),
        Route("/static/{name}", static_files.send_static, methods=READ),
        Route("/push-worker.js", static_files.send_worker, methods=READ),
        Route("/brand/{slug}.css", brand.send_brand, methods=READ),
        Route("/brand/{slug}/{digest}", for_everyone(brand.send_logo), methods=READ),
    ]


def _desk() -> list[BaseRoute]:
    return [
        Route("/desk", for_members(conversations.home), methods=READ),
        Route("/desk/stream", live.list_stream, methods=READ),
        Route("/desk/bell", for_members(bell.bell_page), methods=BOTH),
        Route("/desk/bell/stream", live.bell_stream, methods=READ),
        Route("/desk/counts", for_members(conversations.counts_json), methods=READ),
        Route("/desk/t/{thread_id}", for_members(thread.thread_page), methods=READ),
        Route("/desk/t/{thread_id}", for_members(composer.write), methods=WRITE),
        Route("/desk/t/{thread_id}/draft", for_members(composer.save_draft), methods=WRITE),
        Route("/desk/t/{thread_id}/draft/files", for_members(composer.change_files), methods=WRITE),
        Route("/desk/t/{thread_id}/templates", for_members(composer.offer_templates), methods=READ),
        Route("/desk/t/{thread_id}/consents", for_members(consents.consents_page), methods=BOTH),
        Route("/desk/t/{thread_id}/data", for_members(personal_data.data_page), methods=BOTH),
        Route("/desk/t/{thread_id}/data.zip", for_members(personal_data.data_zip), methods=READ),
        Route("/desk/t/{thread_id}/merge", for_members(merging.merge_page), methods=BOTH),
        Route("/desk/t/{thread_id}/split", for_members(merging.split_page), methods=WRITE),
        Route("/desk/t/{thread_id}/move", for_members(moving.move_page), methods=BOTH),
        Route("/desk/t/{thread_id}/preview", for_members(copies.preview_page), methods=READ),
        Route("/desk/t/{thread_id}/preview/html", for_members(copies.preview_frame), methods=READ),
        Route("/desk/t/{thread_id}/waiting/{message_id}", for_members(waiting.change_waiting), methods=WRITE),
        Route("/desk/t/{thread_id}/here", for_members(presence.note_here), methods=WRITE),
        Route("/desk/t/{thread_id}/stream", live.thread_stream, methods=READ),
        Route("/desk/t/{thread_id}/seen", for_members(thread.mark_seen), methods=WRITE),
        Route("/desk/t/{thread_id}/reject", for_members(stages.reject_page), methods=BOTH),
        Route("/desk/t/{thread_id}/restore", for_members(stages.restore_page), methods=BOTH),
        Route("/desk/organise", for_members(organise.organise_page), methods=WRITE),
        Route("/desk/keys", for_members(organise.keys_page), methods=WRITE),
        Route("/desk/reject", for_members(organise.reject_page), methods=BOTH),
        Route("/desk/reject/undo", for_members(organise.undo_page), methods=BOTH),
        Route("/desk/deliveries/{delivery_id}/again", for_members(deliveries.send_again), methods=WRITE),
        Route("/desk/deliveries/{delivery_id}/arrived", for_members(deliveries.mark_arrived), methods=WRITE),
        Route("/desk/deliveries/{delivery_id}/copy", for_members(copies.sent_page), methods=READ),
        Route("/desk/deliveries/{delivery_id}/copy/html", for_members(copies.sent_frame), methods=READ),
        Route("/desk/devices", for_members(devices.keep_page), methods=WRITE),
        Route("/desk/devices/{device_id}", for_members(devices.device_page), methods=BOTH),
        Route("/desk/files/{attachment_id}", for_members(files.show_desk_file), methods=READ),
        Route("/desk/files/{attachment_id}/{name}", for_members(files.send_desk_file), methods=BOTH),
        Route("/desk/applicants/new", for_members(settings.new_applicant), methods=BOTH),
        Route("/desk/openings", for_members(settings.openings_page), methods=READ),
        Route("/desk/openings/{external_id:path}", for_members(settings.opening_page), methods=BOTH),
        Route("/desk/figures", for_members(figures.figures_page), methods=READ),
        Route("/desk/figures.csv", for_members(figures.figures_csv), methods=READ),
        Route("/desk/search", for_members(search.search_page), methods=READ),
        *settings_routes(),
        Route("/desk/review", for_members(review.queue_page), methods=READ),
        Route("/desk/review/{entry_id}", for_members(review.entry_page), methods=READ),
        Route("/desk/review/{entry_id}", for_members(review.decide), methods=WRITE),
        Route("/desk/review/{entry_id}/raw", for_members(review.raw_mail), methods=READ),
        Route("/desk/review/{entry_id}/mail", for_members(copies.received_page), methods=READ),
        Route("/desk/review/{entry_id}/mail/html", for_members(copies.received_frame), methods=READ),
        Route("/desk/review/{entry_id}/source", for_members(review.source_page), methods=READ),
        Route("/desk/review/{entry_id}/compare", for_members(review.compare_page), methods=READ),
        Route("/desk/{view}", for_members(conversations.view_page), methods=READ),
    ]


def _dev() -> list[BaseRoute]:
    return [
        Route("/dev/mail", for_everyone(devbox.mail_list), methods=READ),
        Route("/dev/mail.json", for_everyone(devbox.mail_json), methods=READ),
        Route("/dev/mail/{mail_id}/raw", for_everyone(devbox.mail_raw), methods=READ),
        Route("/dev/phone", for_everyone(devbox.phone_page), methods=READ),
        Route("/dev/phone.json", for_everyone(devbox.phone_json), methods=READ),
        Route("/dev/login/{token}", for_everyone(devbox.demo_login), methods=READ),
    ]


def _machines() -> list[BaseRoute]:
    return [
        Route("/healthz", health.healthz, methods=READ),
        Route("/readyz", health.readyz, methods=READ),
        Route("/metrics", health.metrics, methods=READ),
        Route("/hooks/{provider}/{rest:path}", receipts.provider_call, methods=WRITE),
    ]
