"""In charge of: looking into files that somebody uploads, before anything is written.

Not in charge of: the rules (`threads.policies.attachments`), nor files of mails (`process_mail`, `take_mail`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.errors import Invalid
from gateway.threads.channel import OutgoingFile
from gateway.threads.incoming import Scan
from gateway.threads.policies.attachments import Danger, judge_file
from gateway.usecases.context import Context


def examine_files(ctx: Context, files: Sequence[OutgoingFile]) -> tuple[OutgoingFile, ...]:
    """The same files, each with its danger. Raises Invalid (`file_infected`) when the virus scanner finds something."""
    if not files:
        return ()
    found = ctx.reader.find_types([f.content for f in files])
    dangers = [judge_file(f.filename, f.content_type, kind) for f, kind in zip(files, found, strict=True)]
    return tuple(replace(f, danger=_scan(ctx, f) or danger or "") for f, danger in zip(files, dangers, strict=True))


def _scan(ctx: Context, file: OutgoingFile) -> Danger | None:
    scan = ctx.scan(file.content).scan if ctx.scan else Scan.NOT_ASKED
    if scan is Scan.INFECTED:
        raise Invalid(
            "files",
            f"The virus scanner found something in {file.filename}; send the message without it.",
            code="file_infected",
            params={"file": file.filename},
        )
    return Danger.NOT_SCANNED if scan is Scan.FAILED else None
