"""In charge of: a private Postfix — its own configuration, queue, log and port; /etc is never touched.

Not in charge of: what it is set up for (`conftest`).
"""

from __future__ import annotations

import grp
import shutil
from dataclasses import dataclass
from pathlib import Path

from real.programs import answers, find_program, leave_out, run_program, stop_by_pid_file, wait_for

# name, type, private, unpriv, chroot, wakeup, maxproc, command: nothing runs in a chroot
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

COMMON = {
    "compatibility_level": "3.6",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "mynetworks": "127.0.0.0/8",
    "mydestination": "",
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "",
    "disable_dns_lookups": "yes",
    "smtp_host_lookup": "native",
    "smtputf8_enable": "yes",
    "message_size_limit": "60000000",
    "mailbox_size_limit": "0",
    "virtual_mailbox_limit": "0",
    "smtp_line_length_limit": "0",  # keep a line of 60,000 octets as it is
    "in_flow_delay": "0",
    "queue_run_delay": "1s",
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "2s",
}


@dataclass(frozen=True)
class Postfix:
    """A running one."""

    folder: Path
    port: int

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def stop(self) -> None:
        stop_by_pid_file(self.folder / "queue/pid/master.pid")


def start_postfix(
    folder: Path,
    *,
    name: str,
    port: int,
    main: dict[str, str],
    services: str = "",
    tables: dict[str, str] | None = None,
) -> Postfix:
    """Write its files and start it. `{folder}` in values of `main` is its configuration folder, where `tables` lie."""
    program = find_program("postfix")
    _check_users()
    config, queue, data = folder / "etc", folder / "queue", folder / "data"
    for path in (config, queue, data):
        path.mkdir(parents=True)
    data.chmod(0o700)
    shutil.chown(data, "postfix")
    for table, content in (tables or {}).items():
        (config / table).write_text(content)
    values = {
        **COMMON,
        "myhostname": name,
        "queue_directory": str(queue),
        "data_directory": str(data),
        "maillog_file": str(folder / "log"),
        "maillog_file_prefixes": str(folder),
        **{key: value.replace("{folder}", str(config)) for key, value in main.items()},
    }
    (config / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in values.items()))
    (config / "master.cf").write_text(MASTER.format(port=port) + services.replace("{folder}", str(config)))
    postfix = Postfix(folder, port)
    try:
        run_program([program, "-c", config, "start"])
        wait_for(lambda: answers(port), f"{name} on port {port}")
    except BaseException:
        postfix.stop()
        raise
    return postfix


def _check_users() -> None:
    try:
        grp.getgrnam("postdrop")
    except KeyError:
        leave_out("the group postdrop is missing: Postfix is not installed completely")
