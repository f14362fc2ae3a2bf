"""In charge of: a private Dovecot that shows the Maildirs by IMAP.

Not in charge of: putting mail into them (`postfix`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from real.programs import answers, find_program, run_program, stop_by_pid_file, wait_for

PASSWORD = "correct-horse"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_username_chars =
first_valid_uid = {owner}
first_valid_gid = {owner}
mail_location = maildir:{mail}/%d/%n
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={mail}/%d/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running one."""

    folder: Path
    port: int

    def stop(self) -> None:
        stop_by_pid_file(self.folder / "run/master.pid")


def start_dovecot(folder: Path, *, mail: Path, owner: int, port: int) -> Dovecot:
    """Serve `mail`/domain/user, which belongs to the user id `owner`; every password is PASSWORD."""
    program = find_program("dovecot")
    folder.mkdir()
    config = folder / "dovecot.conf"
    config.write_text(CONFIG.format(folder=folder, mail=mail, owner=owner, port=port, password=PASSWORD))
    dovecot = Dovecot(folder, port)
    try:
        run_program([program, "-c", config])
        wait_for(lambda: answers(port), f"Dovecot on port {port}")
    except BaseException:
        dovecot.stop()
        raise
    return dovecot
