"""In charge of: a member's draft in a conversation — kept, with its files, until it is sent or thrown away.

Not in charge of: sending it (`compose`). Drafts are each member's own; nobody else reads them.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.errors import Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads.channel import OutgoingFile
from gateway.threads.drafts import Draft, DraftFile
from gateway.threads.filenames import safe_filename
from gateway.threads.model import Conversation, Viewer, ViewerKind
from gateway.usecases.context import Context
from gateway.usecases.examine_files import examine_files
from gateway.usecases.post_message import clean_text, scope_key


def save_draft(ctx: Context, viewer: Viewer, thread_id: str, draft: Draft, *, form: str = "") -> None:
    """Write words, kind and channels; an empty one without files is thrown away. Raises NotFound, Invalid.

    `form` is the key of the form that it is saved from by itself. If that form has been sent, this came late (the
    button takes the focus, and leaving the field saves): what was sent does not come back as a draft.
    """
    text = clean_text(draft.text)
    if len(text) > ctx.settings.max_text_chars:
        limit = ctx.settings.max_text_chars
        words = f"The message is longer than {limit} characters; attach it as a file."
        raise Invalid("text", words, code="text_long", params={"limit": limit})
    with ctx.database.begin() as tx:
        open_as_member(tx, viewer, thread_id, lock=True)
        if form and tx.messages.is_posted(thread_id, scope_key(viewer, f"{form}-")):
            return
        draft = replace(draft, text=text, files=tx.drafts.files(viewer.id, thread_id))
        if draft.is_empty:
            tx.drafts.remove(viewer.id, thread_id)
        else:
            tx.drafts.save(viewer.id, thread_id, draft, now=ctx.now)


def read_draft(ctx: Context, viewer: Viewer, thread_id: str) -> Draft:
    """The member's draft, an empty one if there is none. Raises NotFound."""
    with ctx.database.read() as tx:
        open_as_member(tx, viewer, thread_id)
        return tx.drafts.find(viewer.id, thread_id) or Draft()


def drop_draft(ctx: Context, viewer: Viewer, thread_id: str) -> None:
    """Throw the draft and its files away. Raises NotFound."""
    with ctx.database.begin() as tx:
        open_as_member(tx, viewer, thread_id)
        gone = tx.blobs.drop_unused(tx.drafts.remove(viewer.id, thread_id))
    _remove(ctx, gone)


def add_files(ctx: Context, viewer: Viewer, thread_id: str, files: tuple[OutgoingFile, ...]) -> tuple[DraftFile, ...]:
    """Upload files to the draft; all that it has now. Raises NotFound, Invalid (too many, too big, infected)."""
    limits = ctx.settings
    examine_files(ctx, files)
    written = ctx.database.blobs.write_many(f.content for f in files)
    with ctx.database.begin() as tx:
        open_as_member(tx, viewer, thread_id)
        tx.blobs.expect(written)
        have = tx.drafts.files(viewer.id, thread_id)
        if len(have) + len(files) > limits.max_upload_files:
            words = f"Attach at most {limits.max_upload_files} files at a time."
            raise Invalid("files", words, code="files_many", params={"limit": limits.max_upload_files})
        if sum(f.size for f in have) + sum(len(f.content) for f in files) > limits.max_upload_bytes:
            most = limits.max_upload_bytes // 1_000_000
            raise Invalid("files", f"All files together may have {most} MB.", code="files_big", params={"limit": most})
        for number, file in enumerate(files, start=len(have) + 1):
            name = safe_filename(file.filename) or f"file-{number}"
            digest = tx.blobs.add(file.content, now=ctx.now)
            kept = DraftFile(ctx.new_id(), name, file.content_type, len(file.content), digest)
            tx.drafts.add_file(viewer.id, thread_id, kept)
        return tx.drafts.files(viewer.id, thread_id)


def remove_file(ctx: Context, viewer: Viewer, thread_id: str, file_id: str) -> tuple[DraftFile, ...]:
    """Take a file out of the draft; those that are left. Raises NotFound."""
    with ctx.database.begin() as tx:
        open_as_member(tx, viewer, thread_id)
        gone = tx.blobs.drop_unused(tx.drafts.remove_file(viewer.id, thread_id, file_id))
        left = tx.drafts.files(viewer.id, thread_id)
    _remove(ctx, gone)
    return left


def read_files(tx: Transaction, files: tuple[DraftFile, ...]) -> tuple[OutgoingFile, ...]:
    """The draft's files with their bytes."""
    return tuple(OutgoingFile(f.filename, f.content_type, tx.blobs.read(f.digest)) for f in files)


def open_as_member(tx: Transaction, viewer: Viewer, thread_id: str, *, lock: bool = False) -> Conversation:
    """The conversation for somebody with a seat at the desk. Raises NotFound."""
    conversation = tx.threads.open_for(viewer, thread_id, lock=lock) if viewer.kind is ViewerKind.MEMBER else None
    if conversation is None:
        raise NotFound("conversation")
    return conversation


def _remove(ctx: Context, digests: list[str]) -> None:
    for digest in digests:
        ctx.database.blobs.remove(digest)
