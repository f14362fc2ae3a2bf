"""In charge of: bytes by their SHA-256 — raw mails and files. Not in charge of: who may read them.

Up to 64 KiB the bytes lie in the row itself, so one commit covers all; a raw mail in SQLite up to 256 KiB. Bigger ones
lie in a folder or in S3 and are on stable storage before the transaction that names them commits; obstore's folder
store never syncs, so we write there.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url
from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gateway.errors import SettingsError, Unavailable
from gateway.store.among import is_among
from gateway.store.session import Session
from gateway.store.tables import attachments, blobs, draft_files, inbox, workspaces

IN_ROW = 64 * 1024  # bytes
# Of a raw mail, for which a sender waits: many in one append to SQLite's log are durable sooner than a file for each;
# PostgreSQL takes twice as long for them.
RAW_IN_ROW = {"sqlite": 256 * 1024, "postgresql": IN_ROW}
WRITERS = 4
NAME_DIGITS = 16  # of a digest: enough to name a mail by, in what its sender is told


def digest_of(data: bytes) -> str:
    """The key of some bytes: SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


class Blobs:
    """The store for big ones. `url` is file:///folder or s3://bucket/prefix. Raises SettingsError for another."""

    def __init__(self, url: str) -> None:
        self.folder = Path(url.removeprefix("file://")) if url.startswith("file://") else None
        try:
            if self.folder:  # not from_url: it would read "%20" or "#" in a folder's name as those of a URL
                self.folder.mkdir(parents=True, exist_ok=True)
            self.store: Any = LocalStore(self.folder) if self.folder else from_url(url)
        except OSError as error:
            raise SettingsError(
                f"GATEWAY_BLOBS_URL: the folder {self.folder} cannot be used ({error.strerror}): "
                "name one that belongs to this user."
            ) from None
        except (BaseError, ValueError):
            raise SettingsError(
                "GATEWAY_BLOBS_URL is no address: write file:///folder or s3://bucket/prefix, or leave it empty."
            ) from None
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="blobs")  # they wait for the disk, mostly

    def on(self, session: Session) -> BlobRows:
        return BlobRows(self, session)

    def write(self, digest: str, data: bytes) -> None:
        """Put big bytes on stable storage. An existing file is replaced by the same bytes: a power failure may have
        left it cut short.
        """
        if self.folder is None:
            obstore.put(self.store, _path(digest), data)
            return
        target = self.folder / _path(digest)
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            _sync(self.folder)
        unfinished = target.with_name(f".{digest[:16]}.{secrets.token_hex(8)}")
        try:
            _write_file(unfinished, data)
            os.replace(unfinished, target)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _sync(target.parent)

    def write_many(self, contents: Iterable[bytes]) -> frozenset[str]:
        """Put those of these bytes that are too big for a row on stable storage, several at once; their digests."""
        big = {digest_of(data): data for data in contents if len(data) > IN_ROW}
        list(self._writers.map(self.write, big.keys(), big.values()))
        return frozenset(big)

    def read(self, digest: str) -> bytes:
        """Bytes of a big one. Raises FileNotFoundError; Unavailable when the store does not answer."""
        try:
            return bytes(obstore.get(self.store, _path(digest)).bytes())
        except BaseError as error:
            raise Unavailable("The blob store does not answer at the moment.") from error

    def remove(self, digest: str) -> None:
        """Remove a big one; nothing happens if it is gone already."""
        with suppress(FileNotFoundError):
            obstore.delete(self.store, _path(digest))

    def find_old(self, before: datetime) -> Iterator[list[str]]:
        """Names in the store of what was written before this time, some hundreds at a time."""
        for page in obstore.list(self.store, chunk_size=500):
            names = [file["path"].rpartition("/")[2] for file in page if file["last_modified"] < before]
            if names:
                yield names

    def remove_old(self, name: str, before: datetime) -> bool:
        """Remove one that `find_old` gave, unless the same bytes were written again since."""
        with suppress(FileNotFoundError):
            if obstore.head(self.store, _path(name))["last_modified"] < before:
                self.remove(name)
                return True
        return False


class BlobRows:
    """Blobs within one transaction."""

    def __init__(self, big: Blobs, session: Session) -> None:
        self._big = big
        self._session = session
        self._written: set[str] = set()
        self._shared: dict[str, bytes] = {}

    def expect(self, digests: Iterable[str]) -> None:
        """Big ones that `Blobs.write_many` has put on stable storage already: `add` does not write them again."""
        self._written.update(digests)

    def add(self, data: bytes, *, now: datetime, digest: str = "") -> str:
        """Keep bytes and return their digest; bytes that are known already cost one look-up."""
        digest = digest or digest_of(data)
        small = len(data) <= IN_ROW
        if not small and digest not in self._written:
            self._big.write(digest, data)
        row = {"digest": digest, "size": len(data), "data": data if small else None, "created_at": now}
        self._session.gather(_ADD[self._session.dialect.name], row)
        return digest

    def add_many(self, items: list[tuple[str, bytes, datetime]]) -> None:
        """Keep several raw mails at once; bytes over `RAW_IN_ROW` must be on stable storage already (`Blobs.write`)."""
        most = RAW_IN_ROW[self._session.dialect.name]
        rows = {
            digest: {
                "digest": digest,
                "size": len(data),
                "data": data if len(data) <= most else None,
                "created_at": at,
            }
            for digest, data, at in items
        }
        self._session.execute_many(_ADD[self._session.dialect.name], list(rows.values()))

    def drop_unused(self, digests: Iterable[str]) -> list[str]:
        """Forget those that no attachment, draft, entry or logo names any more; the ones forgotten, to be removed
        after the commit.
        """
        gone = []
        for digest in set(digests):
            named = exists().where(attachments.c.digest == digest)
            raw = exists().where(inbox.c.digest == digest, inbox.c.raw_gone.is_(False))
            drafted = exists().where(draft_files.c.digest == digest)
            shown = exists().where(workspaces.c.logo == digest)
            statement = delete(blobs).where(blobs.c.digest == digest, ~named, ~raw, ~drafted, ~shown)
            if self._session.execute(statement).rowcount:
                gone.append(digest)
        return gone

    def find_named(self, digests: Sequence[str]) -> set[str]:
        """Those that have a row."""
        return set(self._session.execute(select(blobs.c.digest).where(blobs.c.digest.in_(digests))).scalars())

    def read_many(self, digests: Sequence[str]) -> dict[str, bytes | None]:
        """Small ones by digest; None for a big one (`Blobs.read` has it). Those that are gone are left out."""
        rows = self._session.execute(_READ_MANY, {"digests": list(set(digests))})
        return {digest: None if data is None else bytes(data) for digest, data in rows}

    def read(self, digest: str) -> bytes:
        """The bytes. Raises FileNotFoundError if they are gone (retention, erasure)."""
        row = self._session.execute(select(blobs.c.data).where(blobs.c.digest == digest)).first()
        if row is None:
            raise FileNotFoundError(digest)
        return bytes(row.data) if row.data is not None else self._big.read(digest)

    def read_shared(self, digest: str) -> bytes:
        """The bytes of a small one that much of this transaction needs: read once. Raises FileNotFoundError."""
        if digest not in self._shared:
            self._shared[digest] = self.read(digest)
        return self._shared[digest]


_READ_MANY = select(blobs.c.digest, blobs.c.data).where(is_among(blobs.c.digest, "digests"))
_ADD = {  # built once: building a statement costs more than running it
    "sqlite": sqlite_insert(blobs).on_conflict_do_nothing(),
    "postgresql": pg_insert(blobs).on_conflict_do_nothing(),
}


def _path(digest: str) -> str:
    return f"{digest.lstrip('.')[:2]}/{digest}"  # an unfinished one begins with a dot


def _write_file(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
