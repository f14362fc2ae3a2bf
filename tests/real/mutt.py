"""In charge of: answering a mail as a person does with mutt — open the mailbox, reply, write, attach, send.

Not in charge of: what must come of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from real.mail import read
from real.programs import find_program, run_on_terminal

RC = """
set from="{address}"
set realname="{name}"
set use_from=yes
set smtp_url="smtp://127.0.0.1:{port}/"
set ssl_starttls=no
set ssl_force_tls=no
set charset=utf-8
set send_charset="{charset}"
set editor="{folder}/write"
set attribution="{attribution}"
set signature="{signature}"
set sig_dashes=yes
set include=yes
set fast_reply=yes
set reply_to=yes
set autoedit=yes
set abort_unmodified=no
set abort_nosubject=no
set recall=no
set folder="{folder}"
set postponed="{folder}/postponed"
set confirmcreate=no
set copy=no
set record=""
set mbox_type=Maildir
set sort=mailbox-order
bind editor <space> noop
set mark_old=no
set move=no
set quit=yes
set wait_key=no
set beep=no
set crypt_use_gpgme=no
set header_cache=""
set imap_keepalive=0
set tmpdir="{folder}"
set hostname="laptop.example"
"""
WRITE = """#!/bin/sh
cat "{folder}/words" "$1" | {convert} > "{folder}/draft" && cat "{folder}/draft" > "$1"
"""


@dataclass(frozen=True)
class Writer:
    """Who writes, and how their mail program is set up."""

    address: str
    name: str
    charset: str = "us-ascii:utf-8"
    attribution: str = "On %d, %n wrote:"
    signature: str = ""
    files: dict[str, bytes] = field(default_factory=dict)


def answer_with_mutt(
    folder: Path,
    writer: Writer,
    *,
    mailbox: str | Path,
    to: bytes,
    words: str,
    smtp_port: int,
    password: str = "",
    plain_quote: bool = False,
) -> None:
    """Reply to the mail `to` in `mailbox` (a Maildir or imap://…) with `words` above the quote.

    `plain_quote`: what the writer's charset cannot hold is lost from the quote, as with programs that know one charset.
    """
    program = find_program("mutt")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words").write_text(words + "\n\n")
    write = folder / "write"
    convert = f"iconv -c -f UTF-8 -t {writer.charset} | iconv -f {writer.charset} -t UTF-8" if plain_quote else "cat"
    write.write_text(WRITE.format(folder=folder, convert=convert))
    write.chmod(0o755)
    (folder / "signature").write_text(writer.signature + "\n")
    values = {
        "address": writer.address,
        "name": writer.name,
        "port": smtp_port,
        "charset": writer.charset,
        "folder": folder,
        "attribution": writer.attribution,
        "signature": folder / "signature" if writer.signature else "",
    }
    rc = RC.format(**values) + (f'set imap_pass="{password}"\n' if password else "")
    (folder / "muttrc").write_text(rc)
    keys = "".join(f"<attach-file>{_lay_down(folder, *file)}<enter>" for file in writer.files.items())
    message_id = str(read(to)["Message-ID"]).strip("<> ").partition("@")[0]
    push = f'push "<limit>~i {message_id}<enter><first-entry><reply>{keys}<send-message><quit>"'
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TERM": "vt100",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "LINES": "40",
    }
    command = [program, "-n", "-F", str(folder / "muttrc"), "-f", str(mailbox), "-e", push]
    run_on_terminal(command, environment=environment)


def _lay_down(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
