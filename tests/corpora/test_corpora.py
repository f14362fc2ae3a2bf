"""Public mail corpora: nothing vanishes, and what is read is what others read (reliability 33).

Runs where the corpora are found (see `corpora.mails`); docs/corpora.md explains every difference by its name.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cast import MINA, Company, as_candidate

from corpora.mails import ROOT, ExpectedBody, expected_bodies, need_corpora
from gateway.inbound.mime import parse_mail
from gateway.store.writer import MailWriter
from gateway.threads.addresses import reply_address
from gateway.threads.incoming import Envelope, IncomingMail
from gateway.threads.model import InboxEntry, InboxState
from gateway.usecases.context import Context
from gateway.usecases.process_mail import process_waiting
from gateway.usecases.receive_email import accept_mail
from gateway.usecases.review_inbox import list_entries, read_raw
from gateway.usecases.views import ApplicantView


@pytest.mark.timeout(300)
def test_every_mail_becomes_a_visible_entry_with_its_own_bytes(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    """Reliability 33."""
    mails = {path.read_bytes(): path for path in need_corpora() if path.stat().st_size}
    address = reply_address(ctx.settings.key, as_candidate(ctx, mina).id, ctx.settings.reply_domain)
    envelope = Envelope(mail_from=MINA, rcpt_tos=(address,), peer="192.0.2.1")
    writer = MailWriter(ctx.database)
    try:
        stored = [accept_mail(ctx, writer, envelope, raw) for raw in mails]
        for future in stored:
            future.result(60)
    finally:
        writer.close()
    while process_waiting(ctx):
        pass
    entries = list(all_entries(ctx, company))
    assert len(entries) == len(mails)
    assert all(entry.reason for entry in entries)
    assert [entry for entry in entries if entry.state is InboxState.FAILED] == []
    assert {read_raw(ctx, company.as_jun, entry.id) for entry in entries} == set(mails)


def test_what_james_mime4j_decodes_we_decode_alike() -> None:
    """Reliability 33."""
    explained = (ROOT / "docs" / "corpora.md").read_text()
    bodies = equal = 0
    different = set()
    for path in need_corpora():
        expected = expected_bodies(path)
        if not expected:
            continue
        read = list(open_mail(parse_mail(path.read_bytes())))
        same = [is_read(body, read) for body in expected]
        bodies += len(same)
        equal += sum(same)
        different |= {path.name} if not all(same) else set()
    if not bodies:
        pytest.skip("left out: james-mime4j is not among the corpora")
    assert equal >= 0.98 * bodies, f"{equal} of {bodies}; different: {sorted(different)}"
    assert {name for name in different if f"| {name} |" not in explained} == set()


def is_read(body: ExpectedBody, mails: list[IncomingMail]) -> bool:
    """Whether one of the mails holds this body: as (a stretch of) its text, or byte for byte as a file."""
    wanted = body.text.strip()
    if any(wanted in mail.text or wanted in mail.html for mail in mails):
        return True
    content = one_line_end(body.content)
    return any(one_line_end(file.content) == content for mail in mails for file in mail.attachments)


def one_line_end(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").strip()


def open_mail(mail: IncomingMail) -> Iterator[IncomingMail]:
    """The mail and those enclosed in it."""
    yield mail
    for file in mail.attachments:
        if file.content_type.startswith("message/"):
            yield from open_mail(parse_mail(file.content))


def all_entries(ctx: Context, company: Company) -> Iterator[InboxEntry]:
    for state in InboxState:
        cursor: str | None = ""
        while cursor is not None:
            entries, cursor = list_entries(ctx, company.as_jun, state=state, cursor=cursor, limit=100)
            yield from entries
