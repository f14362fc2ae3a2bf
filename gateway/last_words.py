"""In charge of: the one line in which a command ends when it cannot go on. Not in charge of: ending it (`__main__`)."""

from __future__ import annotations

import errno

from gateway.errors import GatewayError, Invalid, NotFound, Unavailable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)  # what a disk says that takes nothing more
_DISK_WORDS = ("disk is full", "disk I/O error", "readonly database", "No space left")  # as databases say it


def last_words(error: GatewayError | OSError) -> str | None:
    """What went wrong and what to do; None for what is a fault of ours, and needs its traceback."""
    match error:
        case NotFound():
            return f"not found: {error}"
        case Invalid():
            return f"{error.field}: {error.message}"
        case Unavailable():
            return f"{error} {_of_disk(error)}`gateway doctor` says more."
        case OSError():
            where = error.filename or "the disk"
            line = f"{error.strerror}: {where}. Make room or mend the disk, then start again."
            return line if error.errno in NO_ROOM else None
    return str(error) or type(error).__name__


def _of_disk(error: Unavailable) -> str:
    """A full disk is told as such; of other causes nothing, since a driver's words may hold addresses and passwords."""
    said = str(getattr(error.__cause__, "orig", ""))
    found = next((words for words in _DISK_WORDS if words in said), "")
    return f"Its disk takes nothing more ({found}): make room or mend it. " if found and found not in str(error) else ""
