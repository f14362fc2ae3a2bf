"""In charge of: what one delivery says — words from templates, addresses, thread headers.

Not in charge of: MIME (`outbound.compose`) or sending.

The candidate gets the company's words under the author's name; each person of the notify list gets the candidate's
words. From and Reply-To are the recipient's own reply address, so that an answer comes back into the thread as theirs,
and nobody's private address is in any header (SJ-1, SJ-12, GW-7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from gateway.store.database import Transaction
from gateway.threads.addresses import Purpose as TokenPurpose
from gateway.threads.addresses import bounce_address, make_token, reply_address
from gateway.threads.attachment import Attachment
from gateway.threads.channel import InlinePicture, Outgoing, OutgoingFile
from gateway.threads.model import (
    AuthorKind,
    Conversation,
    Delivery,
    Message,
    Participant,
    Role,
    ThreadState,
    Viewer,
    Workspace,
)
from gateway.threads.notices import Notice
from gateway.threads.notifying import PUSH
from gateway.threads.policies.privacy import mask_links
from gateway.threads.policies.visibility import Hidden, may_see_links
from gateway.threads.purpose import Purpose
from gateway.threads.routing import PHONE_CHANNELS
from gateway.threads.subjects import in_one
from gateway.usecases.context import Context, Rendered
from gateway.usecases.mail_logo import read_mail_logo
from gateway.usecases.news_words import NEWS, build_news
from gateway.usecases.phone_words import build_for_phone, build_test_for_phone
from gateway.usecases.push_words import build_push
from gateway.usecases.reach import NEW_MESSAGE
from gateway.usecases.sealing import open_link

ATTACHED = 10_000_000  # bytes of files that travel with the mail; beyond, it carries links
PERSONAL = ("candidate_name", "link", "text", "message", "preheader")  # what differs in a mail to many
RECRUITER_MESSAGE = "recruiter.new_message"


def build_outgoing(ctx: Context, tx: Transaction, delivery: Delivery) -> Outgoing | None:
    """The message to hand to the channel; None if what it was about is gone. Raises Invalid when a template lacks a
    value.
    """
    if delivery.notice_id:
        notice = tx.outbox.find_notice(delivery.notice_id)
        return _from_notice(ctx, tx, delivery, notice) if notice else None
    message = tx.messages.find(delivery.message_id or "")
    conversation = tx.threads.load(delivery.thread_id or "")
    person = conversation.participant(delivery.participant_id or "") if conversation else None
    if message is None or conversation is None or person is None:
        return None
    if delivery.channel in PHONE_CHANNELS:
        page, author = portal_url(ctx, person), _public_name(message, conversation)
        own = tx.templates.find_words(message.id)
        return build_for_phone(
            ctx, delivery, conversation, notice=NEW_MESSAGE, page=page, mark=f"m{message.seq}", author=author, own=own
        )
    if person.role is Role.CANDIDATE:
        return _for_candidate(ctx, tx, delivery, conversation=conversation, message=message)
    return _for_recruiter(ctx, tx, delivery, conversation=conversation, message=message, person=person)


def look_ahead(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Read with a few statements what building these will ask."""
    of_messages = [d for d in deliveries if d.message_id]
    message_ids = sorted({d.message_id for d in of_messages if d.message_id})
    tx.threads.look_for({d.thread_id for d in deliveries if d.thread_id})
    tx.messages.look_for(message_ids)
    tx.templates.look_for_words(message_ids)
    people = {(d.thread_id, d.participant_id) for d in of_messages}
    tx.outbox.look_for_references([(thread, person) for thread, person in people if thread and person])


def portal_url(ctx: Context, person: Participant) -> str:
    """The candidate's personal link."""
    token = make_token(ctx.settings.key, TokenPurpose.LINK, person.id, person.link_version)
    return f"{ctx.settings.public_url}/c/{token}"


def shown_portal_url(ctx: Context, viewer: Viewer, conversation: Conversation) -> str:
    """The same for a viewer who may know it; "" for others."""
    return portal_url(ctx, conversation.candidate) if may_see_links(viewer, conversation.opening.id) else ""


def unsubscribe_url(ctx: Context, person: Participant) -> str:
    """The link by which a candidate takes back their consent to advertising by mail."""
    return f"{ctx.settings.public_url}/u/{make_token(ctx.settings.key, TokenPurpose.UNSUBSCRIBE, person.id)}"


def file_url(page: str, attachment_id: str, filename: str) -> str:
    return f"{page}/files/{attachment_id}/{quote(filename)}"


def _for_candidate(
    ctx: Context, tx: Transaction, delivery: Delivery, *, conversation: Conversation, message: Message
) -> Outgoing:
    person, workspace = conversation.candidate, conversation.workspace
    page = portal_url(ctx, person)
    shown = [a for a in message.attachments if not a.private and not a.danger]
    attached = _read_files(tx, shown)
    looks, pictures = _looks(ctx, tx, workspace)
    variables = {
        **looks,
        "privacy_url": workspace.privacy_url,
        "opening": conversation.opening.title,
        "author_name": _public_name(message, conversation),
        "author_role_label": message.author.kind is AuthorKind.MEMBER,
        "candidate_name": person.name,
        "text": message.text,
        "html_text": "",
        "files": [(a.filename, a.size, file_url(page, a.id, a.filename)) for a in shown],
        "link": f"{page}#latest",
        "closed": conversation.thread.state is ThreadState.BLOCKED,
        "public_contact": conversation.public_contact,
    }
    own = tx.templates.find_words(message.id)
    if own:
        variables["html_text"] = message.html  # the company's own design; it was cleaned when it was stored
    headers: dict[str, str] = {}
    if delivery.purpose is Purpose.ADVERTISING:  # 정보통신망법 §50(4); RFC 2369 §3.2, RFC 8058 §3.1
        link = unsubscribe_url(ctx, person)
        refuse = ctx.render.text(own.locale if own else person.locale, "advertising.unsubscribe")
        variables["text"] = f"{message.text}\n\n{refuse} {link}"
        if variables["html_text"]:
            variables["html_text"] = f'{message.html}<p><a href="{link}">{refuse}</a></p>'
        headers = {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    words = ctx.render.mail(NEW_MESSAGE, own.locale if own else person.locale, variables, personal=PERSONAL)
    if own and own.subject:
        words = replace(words, subject=own.subject)
    if delivery.purpose is Purpose.ADVERTISING:  # 정보통신망법 §50(4)
        words = replace(words, subject=f"{ctx.render.text(person.locale, 'advertising.label')} {words.subject}")
    from_name = f"{variables['author_name']} ({workspace.name})"
    if variables["author_name"] == workspace.name:
        from_name = workspace.name
    return _mail(
        ctx,
        tx,
        delivery,
        person=person,
        words=words,
        from_name=from_name,
        files=attached,
        pictures=pictures,
        headers=headers,
        before_seq=message.seq,
        thread_id=conversation.thread.id,
    )


def _for_recruiter(
    ctx: Context,
    tx: Transaction,
    delivery: Delivery,
    *,
    conversation: Conversation,
    message: Message,
    person: Participant,
) -> Outgoing:
    workspace, thread = conversation.workspace, conversation.thread
    files_page = f"{ctx.settings.public_url}/desk"
    desk = f"{files_page}/t/{thread.id}"
    earlier = tx.messages.newest(thread.id, before=message.seq, limit=1, but=Hidden(notes=True))
    last = earlier[-1] if earlier else None
    variables = {
        "company": workspace.name,
        "brand": workspace.brand,
        "opening": conversation.opening.title,
        "stage": conversation.applicant.stage,
        "candidate_name": conversation.candidate.name,
        "own_subject": mask_links(message.subject),
        "text": mask_links(message.text),
        "folded_lines": len(message.folded.splitlines()),
        "files": [(a.filename, a.size, file_url(files_page, a.id, a.filename)) for a in message.attachments],
        "earlier": (
            last.author.name,
            last.created_at,
            mask_links("\n".join(in_one(last.subject, last.text).splitlines()[:3])),
        )
        if last
        else None,
        "desk_link": desk,
        "warnings": [message.mark] if message.mark else [],
        "timezone": workspace.timezone,
    }
    words = ctx.render.mail(RECRUITER_MESSAGE, person.locale, variables)
    via = ctx.render.text(person.locale, "mail.via", name=_writer(message, conversation), company=workspace.name)
    return _mail(
        ctx,
        tx,
        delivery,
        person=person,
        words=words,
        from_name=via,
        files=_read_files(tx, message.attachments),
        before_seq=message.seq,
        thread_id=thread.id,
    )


def _from_notice(ctx: Context, tx: Transaction, delivery: Delivery, notice: Notice) -> Outgoing | None:
    if notice.thread_id is None:
        workspace = tx.people.find_workspace(notice.workspace_id)
        if workspace is None:
            return None
        if delivery.channel == PUSH:
            return build_push(ctx, tx, delivery, notice)
        if notice.key == NEWS:
            return build_news(ctx, tx, delivery, notice, workspace=workspace)
        if delivery.channel in PHONE_CHANNELS:
            return build_test_for_phone(ctx, delivery, workspace, notice)
        looks, pictures = _looks(ctx, tx, workspace)
        words = ctx.render.mail(notice.key, notice.locale, {**open_link(ctx, notice.variables), **looks})
        sender = f"{workspace.slug}@{ctx.settings.reply_domain}"
        mail = _plain_notice(ctx, delivery, notice=notice, words=words, from_name=workspace.name, sender=sender)
        return replace(mail, pictures=pictures)
    conversation = tx.threads.load(notice.thread_id)
    if conversation is None:
        return None
    if delivery.channel in PHONE_CHANNELS:
        page = portal_url(ctx, conversation.candidate)
        return build_for_phone(ctx, delivery, conversation, notice=notice.key, page=page, mark=notice.id[-6:])
    person, workspace = conversation.candidate, conversation.workspace
    looks, pictures = _looks(ctx, tx, workspace)
    variables = {
        **looks,
        "privacy_url": workspace.privacy_url,
        "opening": conversation.opening.title,
        "contact": conversation.public_contact,
        "link": f"{portal_url(ctx, person)}#latest",
        "candidate_name": person.name,
        **open_link(ctx, notice.variables),
    }
    words = ctx.render.mail(notice.key, notice.locale, variables)
    sender = reply_address(ctx.settings.key, person.id, ctx.settings.reply_domain)
    mail = _plain_notice(ctx, delivery, notice=notice, words=words, from_name=workspace.name, sender=sender)
    return replace(mail, pictures=pictures)


def _looks(ctx: Context, tx: Transaction, workspace: Workspace) -> tuple[dict[str, object], tuple[InlinePicture, ...]]:
    """Whose mail it is, as its HTML shows it, and the picture for that."""
    logo = read_mail_logo(ctx, tx, workspace)
    shown: dict[str, object] = {"company": workspace.name, "brand": workspace.brand}
    return shown | {"logo": logo.shown if logo else None}, (logo.picture,) if logo else ()


def _plain_notice(
    ctx: Context, delivery: Delivery, *, notice: Notice, words: Rendered, from_name: str, sender: str
) -> Outgoing:
    """An automatic mail. An answer to somebody's mail has the null return path (RFC 3834 §3.3)."""
    answer = notice.automatic == "auto-replied"
    envelope = "" if answer else bounce_address(ctx.settings.key, delivery.id, ctx.settings.reply_domain)
    return Outgoing(
        delivery_id=delivery.id,
        channel=delivery.channel,
        to=delivery.to,
        subject=words.subject,
        text=words.text,
        html=words.html,
        from_name=from_name,
        from_address=sender,
        reply_to=sender,
        envelope_from=envelope,
        message_id=delivery.rfc_message_id,
        in_reply_to=notice.in_reply_to,
        references=(notice.in_reply_to,) if notice.in_reply_to else (),
        automatic=notice.automatic,
        language=notice.locale,
    )


def _mail(
    ctx: Context,
    tx: Transaction,
    delivery: Delivery,
    *,
    person: Participant,
    words: Rendered,
    from_name: str,
    files: tuple[OutgoingFile, ...],
    pictures: tuple[InlinePicture, ...] = (),
    headers: dict[str, str] | None = None,
    before_seq: int,
    thread_id: str,
) -> Outgoing:
    settings = ctx.settings
    own = reply_address(settings.key, person.id, settings.reply_domain)
    chain = tx.outbox.references(thread_id, person.id, before_seq=before_seq)
    anchor = f"thread-{thread_id}@{settings.reply_domain}"  # groups the mails even when one of them was lost
    return Outgoing(
        delivery_id=delivery.id,
        channel=delivery.channel,
        to=delivery.to,
        to_name=person.name,
        subject=words.subject,
        text=words.text,
        html=words.html,
        from_name=from_name,
        from_address=own,
        reply_to=own,
        envelope_from=bounce_address(settings.key, delivery.id, settings.reply_domain),
        message_id=delivery.rfc_message_id,
        in_reply_to=chain[-1] if chain else "",
        references=(anchor, *chain),
        language=person.locale,
        files=files,
        pictures=pictures,
        headers=headers or {},
    )


def _writer(message: Message, conversation: Conversation) -> str:
    """Whose words a recruiter is sent: the candidate's, or a guest's under their own name."""
    return message.author.name if message.author.kind is AuthorKind.GUEST else conversation.candidate.name


def _public_name(message: Message, conversation: Conversation) -> str:
    """The name that the candidate sees; the company's when a system wrote or the member has none."""
    author = message.author
    is_person = author.kind is AuthorKind.MEMBER or (author.kind is AuthorKind.ATS and author.member_id is not None)
    if is_person and author.name and "@" not in author.name:
        return author.name
    return conversation.workspace.name


def _read_files(tx: Transaction, attachments: Sequence[Attachment]) -> tuple[OutgoingFile, ...]:
    """The files if they are small enough to travel with the mail, and not dangerous; it names and links them anyway."""
    files = [a for a in attachments if not a.danger]
    if sum(a.size for a in files) > ATTACHED:
        return ()
    return tuple(OutgoingFile(a.filename, a.content_type, tx.blobs.read(a.digest)) for a in files)
