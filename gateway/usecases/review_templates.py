"""In charge of: where AlimTalk templates stand at KakaoTalk — asked for while they wait, so that an approval or a
rejection with its reason appears by itself, and whoever saved the template is told.

Not in charge of: how often (`threads.templates`), or what an approved one is good for (`templates`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.channel import CannotTell, ReviewChannel, Reviewed
from gateway.threads.routing import ALIMTALK
from gateway.threads.templates import Body, Review, Template, next_review_look
from gateway.usecases.context import Context
from gateway.usecases.tell_members import tell_of_review

AT_ONCE = 50  # templates
LEASE = timedelta(minutes=5)
LONGEST_NOTE = 2000  # as at the desk and in the API
log = logging.getLogger("gateway.reviews")


def ask_for_reviews(ctx: Context) -> int:
    """Ask the provider about the templates for which it is time; how many stand elsewhere now."""
    channel = ctx.channels.get(ALIMTALK)
    if not isinstance(channel, ReviewChannel):
        return 0
    with ctx.database.begin() as tx:
        due = tx.templates.claim_reviews(now=ctx.now, until=ctx.now + LEASE, limit=AT_ONCE)
        senders = {t.workspace_id: _sender_of(ctx, tx, t.workspace_id) for t in due}
    return sum(_ask(ctx, channel, template, sender=senders[template.workspace_id]) for template in due)


def _sender_of(ctx: Context, tx: Transaction, workspace_id: str) -> str:
    workspace = tx.people.find_workspace(workspace_id)
    return (workspace.kakao_sender if workspace else "") or ctx.settings.alimtalk_sender


def _ask(ctx: Context, channel: ReviewChannel, asked: Template, *, sender: str) -> bool:
    """One template, in each language; what somebody saved meanwhile stays theirs."""
    found: dict[str, Reviewed] = {}  # by code
    for body in asked.bodies.values():
        if body.alimtalk and body.alimtalk.waits:
            answer = channel.find_review(sender=sender, code=body.alimtalk.code)
            if isinstance(answer, Reviewed):
                found[body.alimtalk.code] = answer
            else:
                why = answer.why if isinstance(answer, CannotTell) else "the provider has no such template"
                log.warning("the review of template %s is not known: %s", asked.id, why)
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(asked.workspace_id)
        now_so = tx.templates.find(asked.workspace_id, asked.key)
        if now_so is None or now_so.id != asked.id:
            return False
        bodies = {locale: _with_review(body, found) for locale, body in now_so.bodies.items()}
        changed = bodies != now_so.bodies
        template = replace(now_so, bodies=bodies, updated_at=ctx.now) if changed else now_so
        if changed:
            tx.templates.replace(template)
            _tell(ctx, tx, template, before=now_so.bodies)
        look = next_review_look(template.updated_at, ctx.now) if template.waits else None
        tx.templates.look_at_review(template.id, at=look)
    return changed


def _with_review(body: Body, found: Mapping[str, Reviewed]) -> Body:
    kakao = body.alimtalk
    if kakao is None or not kakao.waits or kakao.code not in found:
        return body
    answer = found[kakao.code]
    note = answer.note[:LONGEST_NOTE] if answer.review in (Review.APPROVED, Review.REJECTED) else kakao.review_note
    return replace(body, alimtalk=replace(kakao, review=answer.review, review_note=note))


def _tell(ctx: Context, tx: Transaction, template: Template, *, before: Mapping[str, Body]) -> None:
    """A line of the audit log for each decision, and the bell of who saved it."""
    for locale, body in template.bodies.items():
        kakao, old = body.alimtalk, before[locale].alimtalk
        if kakao is None or old is None or kakao.review is old.review:
            continue
        tx.events.write_audit(
            Act.TEMPLATE_REVIEW,
            now=ctx.now,
            workspace_id=template.workspace_id,
            actor_kind="system",
            template=template.key,
            locale=locale,
            review=kakao.review.value,
        )
        if kakao.review in (Review.APPROVED, Review.REJECTED):
            tell_of_review(ctx, tx, template, approved=kakao.review is Review.APPROVED)
