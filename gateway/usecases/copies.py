"""In charge of: showing a message word for word — as it went out, as it was received, as it would go out.

Not in charge of: what it says (`outgoing`), keeping copies (`deliver`), or showing them (`web.desk.copies`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape

from gateway.store.database import Transaction
from gateway.threads.channel import InlinePicture
from gateway.threads.copies import CopiedFile, Copy, copy_of, unpack
from gateway.threads.drafts import Draft
from gateway.threads.incoming import Address, IncomingAttachment
from gateway.threads.model import Conversation, Delivery, InboxState, MessageKind, Viewer
from gateway.threads.policies.attachments import PICTURES
from gateway.threads.policies.privacy import mask_links
from gateway.threads.routing import EMAIL
from gateway.usecases.compose import Way, find_ways
from gateway.usecases.context import Context
from gateway.usecases.drafts import open_as_member, read_files
from gateway.usecases.insert_template import with_template
from gateway.usecases.mail_logo import read_mail_logo
from gateway.usecases.mend_delivery import read_delivery
from gateway.usecases.outgoing import build_outgoing
from gateway.usecases.post_message import NewMessage, check_content, post_in
from gateway.usecases.review_inbox import open_entry, raw_of

MOST_PICTURES = 5_000_000  # bytes of a mail's own pictures that are shown among its words
_CID = re.compile(r'src="cid:([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery with its copy; None for one that never went out, or went out before copies were kept."""

    delivery: Delivery
    copy: Copy | None


@dataclass(frozen=True, slots=True)
class Preview:
    """A draft as it would go out: `copies` in the order in which the channels would be tried, and what bars others."""

    conversation: Conversation
    is_note: bool
    copies: tuple[Copy, ...] = ()
    barred: tuple[Way, ...] = ()


class _GivenUp(Exception):
    """Ends the transaction without keeping anything of it."""


def read_sent(ctx: Context, viewer: Viewer, delivery_id: str) -> Sent:
    """What went out by this delivery, word for word. Raises NotFound."""
    delivery = read_delivery(ctx, viewer, delivery_id)
    with ctx.database.read() as tx:
        found = tx.copies.find(delivery_id)
        copy = unpack(found[0], at=found[1]) if found else None
        return Sent(delivery, _with_logo(ctx, tx, delivery, copy) if copy else None)


def read_received(ctx: Context, viewer: Viewer, entry_id: str) -> tuple[Copy, str]:
    """A mail as it was received, and its thread's id ("" if it is in none): its HTML made safe, with its own pictures
    and nobody else's, personal links that it quotes masked. Raises NotFound; what a rejected candidate wrote is for
    admins only.
    """
    with ctx.database.read() as tx:
        entry = open_entry(tx, viewer, entry_id)
        raw = raw_of(tx, viewer, entry)
    read = ctx.reader.read_mail(raw)
    mail = read.mail
    sender = mail.from_[0] if mail.from_ else Address("", "")
    copy = Copy(
        channel=EMAIL,
        to=_list(mail.to) or entry.rcpt,
        at=entry.received_at,
        from_name=sender.name,
        from_address=sender.address,
        reply_to=_list(mail.reply_to),
        cc=_list(mail.cc),
        subject=mail.subject,
        text=mask_links(mail.text),
        html=_with_pictures(mask_links(read.html), mail.attachments),
        message_id=mail.message_id,
        in_reply_to=" ".join(mail.in_reply_to),
        files=tuple(CopiedFile(a.filename, a.content_type, len(a.content)) for a in mail.attachments),
    )
    return copy, entry.thread_id or "" if entry.state is InboxState.THREADED else ""


def preview_draft(ctx: Context, viewer: Viewer, thread_id: str) -> Preview:
    """The member's draft as it would go out now. Raises as sending it does: NotFound, Invalid, Refused, Conflict.

    It is posted for real in a transaction that is then given up, so that preview and sending cannot differ (GW-9).
    """
    with ctx.database.read() as tx:
        conversation = open_as_member(tx, viewer, thread_id)
        draft = tx.drafts.find(viewer.id, thread_id) or Draft()
        files = read_files(tx, draft.files)
    if draft.kind is MessageKind.NOTE:
        return Preview(conversation, is_note=True)
    new = NewMessage(text=draft.text, files=files, channels=draft.channels)
    if draft.template:
        new = with_template(ctx, viewer, thread_id, new, key=draft.template)
    new = check_content(ctx, new)
    made = list[Preview]()
    try:
        with ctx.database.begin() as tx:
            conversation = open_as_member(tx, viewer, thread_id, lock=True)
            tx.blobs.expect(f.digest for f in draft.files)
            posted = post_in(ctx, tx, conversation, viewer=viewer, new=new)
            ways = find_ways(ctx, tx, conversation)
            wanted = [w for w in ways if (w.channel in draft.channels if draft.channels else w.usual)]
            copies = _build(ctx, tx, posted.deliveries, [w for w in wanted if w.barred is None])
            made.append(Preview(conversation, False, copies, tuple(w for w in wanted if w.barred)))
            raise _GivenUp
    except _GivenUp:
        return made[0]


def _build(ctx: Context, tx: Transaction, deliveries: Sequence[Delivery], ways: Sequence[Way]) -> tuple[Copy, ...]:
    if not deliveries:
        return ()
    planned = [replace(deliveries[0], channel=w.channel, to=w.address) for w in ways]
    built = [build_outgoing(ctx, tx, delivery) for delivery in planned]
    copies = [copy_of(outgoing, at=None) for outgoing in built if outgoing]
    return tuple(_with_logo(ctx, tx, deliveries[0], copy) for copy in copies)


def _with_logo(ctx: Context, tx: Transaction, delivery: Delivery, copy: Copy) -> Copy:
    """With the company's logo within the page; one that it no longer has is its name, as the mail says."""
    workspace = tx.people.find_workspace(delivery.workspace_id)
    logo = read_mail_logo(ctx, tx, workspace) if workspace and "cid:" in copy.html else None
    if logo is None:
        return copy
    return replace(copy, html=copy.html.replace(f'"cid:{logo.picture.content_id}"', f'"{_as_data(logo.picture)}"'))


def _list(addresses: Sequence[Address]) -> str:
    return ", ".join(f"{a.name} <{a.address}>" if a.name else a.address for a in addresses)


def _with_pictures(html: str, files: Sequence[IncomingAttachment]) -> str:
    """The mail's own pictures within the page itself: its frame may load nothing."""
    pictures, left = dict[str, IncomingAttachment](), MOST_PICTURES
    for file in files:
        if file.content_id and file.found_type in PICTURES and len(file.content) <= left:
            pictures[file.content_id] = file
            left -= len(file.content)

    def source(match: re.Match[str]) -> str:
        file = pictures.get(unescape(match[1]))
        return f'src="{_as_data(InlinePicture(file.content_id, file.found_type, file.content))}"' if file else 'src=""'

    return _CID.sub(source, html)


def _as_data(picture: InlinePicture) -> str:
    return f"data:{picture.content_type};base64,{base64.b64encode(picture.content).decode()}"
