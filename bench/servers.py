"""In charge of: the yardsticks — a private Postfix that only queues, a bare aiosmtpd — and what a server must tell.

Not in charge of: the gateway (`gateways`).
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.mails import Mail
from bench.processes import ServerError, cpu_of, free_port, list_family, start_process, stop_process, wait_for_port

POSTFIX_FOLDERS = ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming"]
POSTFIX_FOLDERS += ["private", "saved", "trace"]
MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
syslog_name = bench
myhostname = bench.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
default_transport = discard
relay_transport = discard
local_transport = discard
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_client_access static:HOLD, permit_mynetworks, reject
in_flow_delay = 0
"""
MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass
class Server:
    """A server under measurement."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    threads: bool = False  # does it put mails into conversations?

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def pids(self) -> list[int]:
        """All its processes."""
        return list_family(self.process.pid)

    def cpu_ms(self) -> float:
        """Processor milliseconds used so far by all of them."""
        return cpu_of(self.pids())

    def wait_visible(self, mails: Sequence[Mail]) -> float:
        """Return when every mail is in its thread; the moment by `time.perf_counter`."""
        return time.perf_counter()

    def wait_idle(self) -> None:
        """Return when nothing is left to do for what came."""

    def verify(self, mails: Sequence[Mail]) -> None:
        """Is what was acknowledged there, once? Raises ServerError."""


@dataclass
class Postfix(Server):
    folder: Path = Path()

    def verify(self, mails: Sequence[Mail]) -> None:
        """Each mail is one file of the hold queue; they are removed so that the next round finds it empty."""
        files = [f for f in (self.folder / "queue" / "hold").rglob("*") if f.is_file()]
        if len(files) != len(mails):
            raise ServerError(f"Postfix acknowledged {len(mails)} mails and queued {len(files)}")
        for file in files:
            file.unlink()


def why_no_postfix() -> str:
    """What is missing for a private Postfix, "" if nothing."""
    if not shutil.which("postconf", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return "Postfix is not installed (apt-get install postfix; it need not run)"
    return "" if os.geteuid() == 0 else "Postfix's master needs root"


@contextmanager
def run_postfix(folder: Path) -> Iterator[Server]:
    """Postfix with configuration, queue and log of its own, as it comes but for where mail goes: all of it is held.

    A mail is acknowledged when `cleanup` has synced its queue file, which then lies in the hold queue untouched:
    accepting costs nothing beyond queueing. The machine's own Postfix and its files are not touched.
    """
    daemons = _postconf("daemon_directory")
    port = free_port()
    config, log = folder / "config", folder / "maillog"
    _make_folders(folder)
    config.mkdir()
    (config / "main.cf").write_text(MAIN_CF.format(folder=folder))
    (config / "master.cf").write_text(MASTER_CF.format(port=port))
    process = start_process([f"{daemons}/master", "-c", str(config), "-d"], log=folder / "output")
    try:
        wait_for_port(port, process, log=log)
        yield Postfix("Postfix", port, process, folder=folder)
    finally:
        stop_process(process)


def _postconf(name: str) -> str:
    command = [shutil.which("postconf") or "/usr/sbin/postconf", "-dh", name]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _make_folders(folder: Path) -> None:
    owner, group = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
    queue = folder / "queue"
    for path in (folder, queue, queue / "pid"):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
    for path in (*(queue / name for name in POSTFIX_FOLDERS), folder / "data"):
        path.mkdir(mode=0o700)
        os.chown(path, owner, -1)
    for name, mode in (("maildrop", 0o730), ("public", 0o710)):
        (queue / name).mkdir()
        (queue / name).chmod(mode)
        os.chown(queue / name, owner, group)


@contextmanager
def run_sink(folder: Path) -> Iterator[Server]:
    """Stock aiosmtpd in a process of its own; it stores nothing."""
    port = free_port()
    log = folder / "output"
    process = start_process([sys.executable, "-m", "bench.sink", str(port)], log=log)
    try:
        wait_for_port(port, process, log=log)
        yield Server("aiosmtpd that drops", port, process)
    finally:
        stop_process(process)
