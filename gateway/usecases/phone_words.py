"""In charge of: what a delivery by AlimTalk or SMS says: a short notice with a link, never the words themselves.

Not in charge of: mail (`outgoing`), lengths (`threads.sms_text`), or sending. AlimTalk carries texts that were approved
beforehand, so free text cannot travel by it; an SMS is read on lock screens (seeds §0, §9 no. 31).
"""

from __future__ import annotations

from gateway.errors import Invalid
from gateway.threads.channel import Outgoing
from gateway.threads.model import Conversation, Delivery, Workspace
from gateway.threads.notices import Notice
from gateway.threads.purpose import Purpose
from gateway.threads.routing import ALIMTALK
from gateway.threads.templates import MessageWords
from gateway.usecases.checks import read_mobile
from gateway.usecases.context import Context
from gateway.usecases.reach import NEW_MESSAGE
from gateway.usecases.sealing import open_link

KAKAO_LOCALE = "ko"  # AlimTalk is KakaoTalk's: its approved texts are Korean


def build_for_phone(
    ctx: Context,
    delivery: Delivery,
    conversation: Conversation,
    *,
    notice: str,
    page: str,
    mark: str,
    author: str = "",
    own: MessageWords | None = None,
) -> Outgoing:
    """The notice for this phone. `page` is the candidate's page, `mark` what its link points to; `own` are the words
    of the company's template, which go before our notice where they have this channel. Raises Invalid for a
    number that is no mobile number, and for a value that the template needs and lacks.
    """
    phone = read_mobile(delivery.to)
    if phone is None:
        raise Invalid("to", "This is no mobile number: neither KakaoTalk nor SMS reaches it.", code="not_mobile")
    workspace, person = conversation.workspace, conversation.candidate
    values = {
        "company": workspace.name,
        "opening": conversation.opening.title,
        "candidate_name": person.name,
        "author_name": author or workspace.name,
        "contact": conversation.public_contact,
        "token": page.rsplit("/", 1)[1],
    }
    if delivery.channel == ALIMTALK and own and own.alimtalk:
        return Outgoing(
            delivery_id=delivery.id,
            channel=delivery.channel,
            to=delivery.to,
            to_name=person.name,
            text=own.alimtalk.text,
            phone=phone,
            sender=workspace.kakao_sender or ctx.settings.alimtalk_sender,
            template_code=own.alimtalk.code,
            template_values=own.alimtalk.values,
            button=(own.alimtalk.button, f"{page}#{mark}") if own.alimtalk.button else None,
            language=own.locale,
        )
    if delivery.channel == ALIMTALK:
        return _approved(ctx, delivery, workspace, notice=notice, locale=person.locale, values=values)
    text = own.sms if own else ""
    text = text or ctx.render.sms(notice, person.locale, {**values, "link": f"{page}#{mark}"})
    advertising = delivery.purpose is Purpose.ADVERTISING
    return Outgoing(
        delivery_id=delivery.id,
        channel=delivery.channel,
        to=delivery.to,
        to_name=person.name,
        subject=workspace.name,
        text=_label(ctx, text, locale=person.locale) if advertising else text,
        phone=phone,
        sender=workspace.sms_sender,
        language=person.locale,
        advertising=advertising,
    )


def _label(ctx: Context, text: str, *, locale: str) -> str:
    """Advertising says so first, and how to refuse it for free last (정보통신망법 §50(4))."""
    label = ctx.render.text(locale, "advertising.label")
    refuse = ctx.render.text(locale, "advertising.refuse", number=ctx.settings.sms_refusal_number)
    return f"{label} {text}\n{refuse}"


def build_test_for_phone(ctx: Context, delivery: Delivery, workspace: Workspace, notice: Notice) -> Outgoing:
    """A test that an admin sends to their own phone. By AlimTalk it is the approved notice of a new message, because
    nothing else may go by it; its link leads to no conversation. Raises Invalid.
    """
    values = {
        **open_link(ctx, notice.variables),
        "company": workspace.name,
        "author_name": workspace.name,
        "contact": workspace.public_contact,
        "token": "test",
    }
    if delivery.channel == ALIMTALK:
        return _approved(ctx, delivery, workspace, notice=NEW_MESSAGE, locale=KAKAO_LOCALE, values=values)
    return Outgoing(
        delivery_id=delivery.id,
        channel=delivery.channel,
        to=delivery.to,
        to_name=values["candidate_name"],
        subject=workspace.name,
        text=ctx.render.sms(notice.key, notice.locale, values),
        phone=read_mobile(delivery.to),
        sender=workspace.sms_sender,
        language=notice.locale,
    )


def _approved(
    ctx: Context, delivery: Delivery, workspace: Workspace, *, notice: str, locale: str, values: dict[str, str]
) -> Outgoing:
    """A notice of ours as the AlimTalk that the provider approved."""
    kakao = ctx.render.kakao(notice, locale, values)
    return Outgoing(
        delivery_id=delivery.id,
        channel=delivery.channel,
        to=delivery.to,
        to_name=values["candidate_name"],
        text=kakao.text,
        phone=read_mobile(delivery.to),
        sender=workspace.kakao_sender or ctx.settings.alimtalk_sender,
        template_code=ctx.settings.template_code(notice, locale),
        template_values=kakao.values,
        button=(kakao.button, f"{ctx.settings.public_url}{kakao.link}") if kakao.button else None,
        language=locale,
    )
