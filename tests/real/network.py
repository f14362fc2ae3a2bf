"""In charge of: how the post of these tests is wired — who has a mailbox, and which Postfix hands over to whom.

Not in charge of: running one program (`postfix`, `dovecot`, `gateway`).

    recruiters' and candidates' mail ─▶ provider ─▶ front ─▶ gateway ─▶ provider ─▶ Maildir ─▶ mutt, IMAP
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import trustme

from real.dovecot import Dovecot, start_dovecot
from real.gateway import RELAY_NAME, REPLY_DOMAIN
from real.mail import Box, make_box
from real.postfix import Postfix, start_postfix
from real.programs import find_program

OWNER = 5000  # user id of the mailboxes
HOME = "mail.example"  # where the candidates have their mailboxes
COMPANY = "moalabs.example"
CANDIDATES = (
    "mina", "imap", "reject", "away", "five-ko", "five-cs", "five-ru", "five-koi8", "five-sv", "five-en",
    "byte", "html", "forged", "burst", "big", "line", "words", "receipt", "slow", "hops", "tls", "김민아",
)  # fmt: skip
RECRUITERS = ("minho", "seoyeon", "list")
# The candidate's mailbox answers by itself while its owner is away (RFC 3834), as `vacation` does.
AWAY = """\
From: Away <away@mail.example>
To: %TO_ADDRESS%
Subject: Out of office: I am away until Monday
Auto-Submitted: auto-replied (vacation)
Precedence: bulk
Message-ID: <%MESSAGEID%>

I am on holiday and read no mail. You will hear from me on Monday.
"""


@dataclass(frozen=True)
class Ports:
    http: int
    smtp: int
    front: int
    provider: int
    imap: int


@dataclass(frozen=True)
class Post:
    """Everything that carries mail."""

    front: Postfix
    provider: Postfix
    dovecot: Dovecot
    boxes: dict[str, Box]

    def box(self, name: str) -> Box:
        return self.boxes[name]

    def stop(self) -> None:
        with ThreadPoolExecutor() as stoppers:
            for program in (self.front, self.provider, self.dovecot):
                stoppers.submit(program.stop)


def start_post(folder: Path, ports: Ports) -> Post:
    """Every mailbox, then all programs at once. What has started is stopped when another cannot."""
    mail = folder / "mail"
    mail.mkdir()
    names = [(name, HOME) for name in CANDIDATES] + [(name, COMPANY) for name in RECRUITERS]
    boxes = {name: make_box(mail / domain / name, f"{name}@{domain}", owner=OWNER) for name, domain in names}
    with ThreadPoolExecutor() as starters:
        front = starters.submit(_start_front, folder / "front", ports)
        provider = starters.submit(_start_provider, folder / "provider", ports, mail=mail, boxes=boxes)
        dovecot = starters.submit(start_dovecot, folder / "dovecot", mail=mail, owner=OWNER, port=ports.imap)
    try:
        return Post(front.result(), provider.result(), dovecot.result(), boxes)
    except BaseException:
        for started in (front, provider, dovecot):
            if started.exception() is None:
                started.result().stop()
        raise


def _start_front(folder: Path, ports: Ports) -> Postfix:
    """The company's MX. It writes its verdict on the sender (as OpenDMARC does) and hands over by TLS only."""
    verdict = f"PREPEND Authentication-Results: {RELAY_NAME}; dmarc"
    senders = (
        f"/^forged@/ {verdict}=fail header.from={COMPANY}\n"
        f"/@{HOME}$/ {verdict}=pass header.from={HOME}\n"
        f"/@{COMPANY}$/ {verdict}=pass header.from={COMPANY}\n"
        f"/./ {verdict}=none header.from=unknown.example\n"
    )
    main = {
        "relay_domains": REPLY_DOMAIN,
        "relay_transport": f"smtp:[127.0.0.1]:{ports.smtp}",
        "smtp_tls_security_level": "encrypt",
        "smtp_tls_loglevel": "1",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtpd_recipient_restrictions": "check_sender_access regexp:{folder}/senders, permit_mynetworks, reject",
    }
    return start_postfix(folder, name=RELAY_NAME, port=ports.front, main=main, tables={"senders": senders})


def _start_provider(folder: Path, ports: Ports, *, mail: Path, boxes: dict[str, Box]) -> Postfix:
    """The gateway's smarthost and everybody's mailboxes. It finds out about unknown users after it took a mail."""
    paths = {box.address: f"{box.path.relative_to(mail)}/" for box in boxes.values()}
    tables = {
        "boxes": "".join(f"{address} {path}\n" for address, path in paths.items()),
        "aliases": f"away@{HOME} away@{HOME}, away@vacation.invalid\n",
        "transport": (
            f"{REPLY_DOMAIN} smtp:[127.0.0.1]:{ports.front}\n"
            "vacation.invalid vacation:\n"
            "busy.example smtp:[127.0.0.1]:1\n"  # nobody listens there: mail for it waits
        ),
        "away": AWAY,
    }
    _write_certificate(folder)
    main = {
        "virtual_mailbox_domains": f"{HOME}, {COMPANY}",
        "virtual_mailbox_maps": "texthash:{folder}/boxes",
        "virtual_mailbox_base": str(mail),
        "virtual_alias_maps": "texthash:{folder}/aliases",
        "virtual_uid_maps": f"static:{OWNER}",
        "virtual_gid_maps": f"static:{OWNER}",
        "transport_maps": "texthash:{folder}/transport",
        "smtpd_reject_unlisted_recipient": "no",
        "delay_warning_time": "1s",
        "smtpd_tls_security_level": "may",
        "smtpd_tls_received_header": "yes",
        "smtpd_tls_cert_file": str(folder / "cert.pem"),
        "smtpd_tls_key_file": str(folder / "key.pem"),
        "vacation_destination_recipient_limit": "1",
    }
    swaks = f"{find_program('swaks')} --server 127.0.0.1:{ports.provider} --from <> --to ${{sender}}"
    services = f"vacation unix - n n - - pipe flags= user=nobody argv={swaks} --data @{{folder}}/away\n"
    return start_postfix(folder, name=f"mx.{HOME}", port=ports.provider, main=main, services=services, tables=tables)


def _write_certificate(folder: Path) -> None:
    folder.mkdir(parents=True)
    made = trustme.CA().issue_cert("127.0.0.1", f"mx.{HOME}")
    made.private_key_pem.write_to_path(folder / "key.pem")
    made.cert_chain_pems[0].write_to_path(folder / "cert.pem")
