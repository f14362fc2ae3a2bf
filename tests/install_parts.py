"""In charge of: what the suite wants from the machine — programs, fonts, servers — and installing what is missing.

Not in charge of: Python packages (`uv.lock`) or starting servers: it says how. `make test` runs it before pytest.

One line for each part: there, installed, or left out and what that costs. Where it may (root, apt-get), it installs
Debian's packages in one call. With CI=true a part that is missing in the end is a failure: exit status 1.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
RABBITMQ_URL = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/")

SERVER_SECONDS = 2.0
APT_SECONDS = 1800
APT_SAYS = "postfix postfix/main_mailer_type select Local only\n"
AMQP_HELLO = b"AMQP\x00\x00\x09\x01"  # AMQP 0-9-1 §4.2.2; a broker answers with Connection.Start
MAY_CREATE = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
PATHS = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


@dataclass(frozen=True, slots=True)
class Part:
    """Something outside Python. `find` gives "" when it is there, else what is wrong with it."""

    name: str
    packages: tuple[str, ...]
    cost: str  # of leaving it out
    find: Callable[[], str]
    server: bool = False


def has_program(*names: str) -> Callable[[], str]:
    """Is one of these programs installed?"""
    return lambda: "" if any(shutil.which(n, path=PATHS) for n in names) else "not installed"


def has_korean_font() -> str:
    """Does fontconfig know a font with Hangul?"""
    if shutil.which("fc-list") is None:
        return "not installed"
    listed = subprocess.run(["fc-list", ":lang=ko", "family"], capture_output=True, text=True, check=False)
    return "" if listed.stdout.strip() else "not installed"


def answers_postgres() -> str:
    """Can we sign in, and may we make databases?"""
    try:
        import psycopg

        with psycopg.connect(POSTGRES_URL, connect_timeout=int(SERVER_SECONDS)) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except Exception as error:
        words = str(error).strip().splitlines()
        return words[0] if words else type(error).__name__
    return "" if row and row[0] else "its user may not make databases"


def answers_redis() -> str:
    """Does it answer PING? (A server that wants a password has heard us, too.)"""
    return _answers(REDIS_URL, 6379, b"PING\r\n", (b"+PONG", b"-NOAUTH"))


def answers_rabbitmq() -> str:
    """Does it begin an AMQP connection?"""
    return _answers(RABBITMQ_URL, 5672, AMQP_HELLO, (b"\x01\x00\x00",))


def _answers(url: str, port: int, hello: bytes, welcome: tuple[bytes, ...]) -> str:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or port), SERVER_SECONDS) as line:
            line.sendall(hello)
            said = line.recv(16)
    except OSError as error:
        return error.strerror or type(error).__name__
    return "" if said.startswith(welcome) else "something else listens there"


def has_swaks_with_tls() -> str:
    """swaks does TLS by a Perl module that its package only recommends."""
    if shutil.which("swaks", path=PATHS) is None:
        return "not installed"
    module = subprocess.run(["perl", "-MNet::SSLeay", "-e", "1"], capture_output=True, check=False)
    return "" if module.returncode == 0 else "without Net::SSLeay"


PARTS = (
    Part("chromium", ("chromium",), "tests/browser is skipped", has_program("chromium", "chromium-browser")),
    Part(
        "chromium's shell",
        ("chromium-headless-shell",),
        "tests/browser takes longer",
        has_program("chromium-headless-shell"),
    ),
    Part("korean font", ("fonts-noto-cjk", "fontconfig"), "Korean pages are tested as boxes", has_korean_font),
    Part("postfix", ("postfix",), "tests with smtp-source, a yardstick of the bench", has_program("smtp-source")),
    Part("swaks", ("swaks", "libnet-ssleay-perl"), "tests with swaks as the client", has_swaks_with_tls),
    Part("mutt", ("mutt",), "tests with a person's mail client", has_program("mutt")),
    Part("strace", ("strace",), "the proof that a mail is synced before its 250", has_program("strace")),
    Part("dovecot", ("dovecot-core", "dovecot-imapd"), "tests that read our mail over IMAP", has_program("dovecot")),
    Part("postgresql", ("postgresql",), "tests on PostgreSQL; SQLite is tested", answers_postgres, server=True),
    Part("redis", ("redis-server",), "tests on Redis; memory is tested", answers_redis, server=True),
    Part(
        "rabbitmq",
        ("rabbitmq-server",),
        "tests on RabbitMQ; memory is tested",
        answers_rabbitmq,
        server=True,
    ),
)
SERVERS = {  # name: (Debian's service, the variable that names another one, the address tried)
    "postgresql": ("postgresql", "TEST_POSTGRES_URL", POSTGRES_URL),
    "redis": ("redis-server", "TEST_REDIS_URL", REDIS_URL),
    "rabbitmq": ("rabbitmq-server", "TEST_RABBITMQ_URL", RABBITMQ_URL),
}
PROGRAMS = {"postgresql": "pg_ctlcluster", "redis": "redis-server", "rabbitmq": "rabbitmqctl"}


def find_missing(parts: Sequence[Part]) -> dict[str, str]:
    """What is not there, by name, and why; all are looked for at once."""
    with ThreadPoolExecutor(len(parts) or 1) as pool:
        found = list(pool.map(lambda part: part.find(), parts))
    return {part.name: why for part, why in zip(parts, found, strict=True) if why}


def to_install(missing: dict[str, str]) -> list[str]:
    """The Debian packages that may help: not those of a server that is installed here and only does not answer."""
    return [
        package
        for part in PARTS
        if part.name in missing and not (part.server and not has_program(PROGRAMS[part.name])())
        for package in part.packages
    ]


def may_install() -> bool:
    """Are we root on a machine with apt-get?"""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: list[str]) -> str:
    """One apt-get for all; "" or the last line of what went wrong."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if "postfix" in packages and shutil.which("debconf-set-selections"):
        subprocess.run(["debconf-set-selections"], input=APT_SAYS, text=True, check=False, capture_output=True)
    commands = [["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]]
    if not any(Path("/var/lib/apt/lists").glob("*Packages*")):
        commands.insert(0, ["apt-get", "update", "-qq"])
    for command in commands:
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False, timeout=APT_SECONDS
            )
        except subprocess.TimeoutExpired:
            return f"{command[1]} took longer than {APT_SECONDS} s"
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            return lines[-1] if lines else f"{command[1]} ended with {done.returncode}"
    return ""


def remedy_of(part: Part) -> str:
    """What a person can do about a part that is missing."""
    if part.server and not has_program(PROGRAMS[part.name])():
        service, variable, url = SERVERS[part.name]
        address = urlsplit(url).netloc.rpartition("@")[2]
        return f"service {service} start, or name one in {variable} (tried {address})"
    return f"apt-get install {' '.join(part.packages)}"


def main() -> int:
    """Look, install, look again, say it."""
    begun = time.monotonic()
    missing = find_missing(PARTS)
    installed: set[str] = set()
    packages = to_install(missing) if may_install() else []
    if packages:
        print(f"apt-get install {' '.join(packages)}", flush=True)
        trouble = install(packages)
        if trouble:
            print(f"apt-get: {trouble}")
        before, missing = missing, find_missing(PARTS)
        installed = set(before) - set(missing)
    for part in PARTS:
        if part.name in missing:
            print(f"{part.name:<12} left out ({missing[part.name]}): {part.cost}. To have it: {remedy_of(part)}")
        else:
            print(f"{part.name:<12} {'installed' if part.name in installed else 'there'}")
    if missing and os.environ.get("CI") == "true":
        print(f"CI=true wants every part: {', '.join(missing)} missing ({time.monotonic() - begun:.1f} s)")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
