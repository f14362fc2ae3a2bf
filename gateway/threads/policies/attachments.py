"""In charge of: which files are dangerous, which of a mail are taken and how many, and what a virus scan means for it.

Not in charge of: looking into files (`gateway.inbound.filetypes`) or scanning them (`gateway.inbound.scanner`).

A dangerous file is kept and named, but quarantined: it travels with no mail, the candidate cannot open it, and the team
only after a warning. Archives are not unpacked: that is the scanner's work. The endings are those that Outlook and
Gmail block. A page that says it is one is no disguise: it is only ever saved, never shown (`web.files`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import StrEnum

from gateway.threads.attachment import Attachment
from gateway.threads.decisions import ALLOW, Decision, Reason, hold
from gateway.threads.incoming import IncomingAttachment, IncomingMail, Scan, ScanResult
from gateway.threads.model import Message, Workspace


class Danger(StrEnum):
    """Why a file is quarantined; the words are `danger.<value>`."""

    PROGRAM = "program"  # runs when it is opened
    MACROS = "macros"  # a document with a program inside
    DISGUISED = "disguised"  # its content is not what its name says
    INFECTED = "infected"  # the virus scanner found something
    NOT_SCANNED = "not_scanned"  # the virus scanner did not answer


PROGRAM_TYPES = frozenset(
    {
        "application/vnd.microsoft.portable-executable",
        "application/x-executable",
        "application/x-ms-shortcut",
        "text/x-sh",
    }
)
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
MACRO_TYPE = "application/vnd.ms-office.vbaproject"

_PROGRAMS = frozenset({
    "ade", "adp", "apk", "app", "appref-ms", "appx", "bat", "cab", "chm", "cmd", "com", "cpl", "deb", "diagcab",
    "dll", "dmg", "exe", "ex_", "gadget", "hta", "inf", "ins", "iso", "img", "vhd", "vhdx", "isp", "jar", "jnlp",
    "js", "jse", "lib", "lnk", "mde", "msc", "msi", "msix", "msp", "mst", "nsh", "pif", "pkg", "ps1", "ps1xml", "ps2",
    "psc1", "psd1", "psm1", "py", "pyc", "pyz", "rb", "reg", "rpm", "scf", "scr", "sct", "sh", "shb", "sys", "url",
    "vb", "vbe", "vbs", "vxd", "wsc", "wsf", "wsh", "xll", "library-ms", "settingcontent-ms", "desktop",
})  # fmt: skip
_MACROS = frozenset({
    "docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppam", "ppsm", "sldm",
})  # fmt: skip
_OFFICE = frozenset({"zip", "ole"})
_EXPECTED = {  # ending → what its content may be, for the endings that people open without a thought
    "pdf": frozenset({"pdf"}),
    "jpg": frozenset({"image"}),
    "jpeg": frozenset({"image"}),
    "png": frozenset({"image"}),
    "gif": frozenset({"image"}),
    "doc": frozenset({"ole", "zip", "rtf", "text", "page"}),
    "docx": _OFFICE,  # OLE too: an office file with a password
    "xlsx": _OFFICE,
    "pptx": _OFFICE,
    "hwp": frozenset({"ole", "hwp"}),
    "hwpx": frozenset({"zip"}),
    "txt": frozenset({"text"}),
}
_FAMILIES = {
    "text/html": "page",
    "image/svg+xml": "page",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/x-ole-storage": "ole",
    "application/rtf": "rtf",
    "application/x-hwp": "hwp",
    "application/x-7z-compressed": "archive",
    "application/x-rar-compressed": "archive",
    "application/vnd.rar": "archive",
    "application/gzip": "archive",
    "video/mp4": "video",
}


def judge_file(filename: str, declared: str, found: str) -> Danger | None:
    """Why a file is dangerous, by its name, the type that it claims, and the type of its content ("" if unknown)."""
    ending = filename.strip(" .").lower().rpartition(".")[2] if "." in filename else ""
    if found in PROGRAM_TYPES or ending in _PROGRAMS or declared in PROGRAM_TYPES:
        return Danger.PROGRAM
    if found == MACRO_TYPE or ending in _MACROS:
        return Danger.MACROS
    family = _FAMILIES.get(found, "image" if found.startswith("image/") else "")
    if family and ending in _EXPECTED and family not in _EXPECTED[ending]:
        return Danger.DISGUISED
    return None


def judge_mail_file(file: IncomingAttachment, scan: ScanResult) -> Danger | None:
    """The same for a file of a mail. One finding anywhere in a mail is a finding about each of its files."""
    if scan.scan is Scan.INFECTED:
        return Danger.INFECTED
    if scan.scan is Scan.FAILED:
        return Danger.NOT_SCANNED
    return judge_file(file.filename, file.content_type, file.found_type)


def check_scan(scan: ScanResult) -> Decision:
    """May a mail with this scan go on? Without an answer it may not: the scanner fails closed (GW-10)."""
    if scan.scan is Scan.INFECTED:
        return hold(Reason.INFECTED, scan.detail)
    if scan.scan is Scan.FAILED:
        return hold(Reason.NOT_SCANNED, scan.detail)
    return ALLOW


def is_picture(file: Attachment) -> bool:
    """Whether it stood among the words as an image that every browser shows."""
    return file.inline and not file.danger and file.content_type in PICTURES


def mark_repeats(messages: Sequence[Message], seen: Collection[str]) -> list[Message]:
    """Many signatures bring the same picture with every mail: it is shown with the first one only. `seen`: the digests
    of those before.
    """
    seen, marked = set(seen), []
    for message in messages:
        files = tuple(replace(a, repeated=is_picture(a) and a.digest in seen) for a in message.attachments)
        seen |= {a.digest for a in message.attachments if a.inline}
        marked.append(replace(message, attachments=files))
    return marked


def is_own_logo(workspace: Workspace, mail: IncomingMail, file: IncomingAttachment) -> bool:
    """Is this the logo of our own mail, which came back with the quote? Then it is no file of the writer's; the raw
    mail keeps it. By its bytes, for many clients give it a name and a Content-ID of their own. Whoever attaches the
    same picture as a file means it.
    """
    ours = {workspace.logo.digest if workspace.logo else "", *workspace.old_logos} - {""}
    among_words = file.inline or (file.content_id != "" and f"cid:{file.content_id}" in mail.html)
    return bool(ours) and among_words and hashlib.sha256(file.content).hexdigest() in ours


def split_files(
    files: Sequence[IncomingAttachment], *, most: int, most_bytes: int
) -> tuple[list[IncomingAttachment], list[IncomingAttachment]]:
    """(taken, left in the raw mail): at most `most` files, none above `most_bytes`. Order is kept."""
    taken, left = list[IncomingAttachment](), list[IncomingAttachment]()
    for file in files:
        fits = len(taken) < most and len(file.content) <= most_bytes
        (taken if fits else left).append(file)
    return taken, left
