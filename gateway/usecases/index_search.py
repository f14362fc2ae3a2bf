"""In charge of: keeping the index of the search up with what was written. Not in charge of: searching (`search`)."""

from __future__ import annotations

from gateway.usecases.context import Context

BATCH = 200  # documents in one transaction


def index_waiting(ctx: Context, *, most: int = BATCH) -> int:
    """Index the oldest of what waits; how many there were. 0 also while another process is at it."""
    with ctx.database.read() as tx:
        if not tx.search_index.newest_waiting(1):
            return 0
    with ctx.database.begin() as tx:
        if not tx.search_index.try_hold():
            return 0
        subjects = tx.search_index.take_waiting(most)
        tx.search_index.write(subjects, tx.search_index.load(subjects))
    return len(subjects)


def index_after_mails(ctx: Context) -> int:
    """The same, unless mails wait to be understood or are at it: they come first."""
    with ctx.database.read() as tx:
        if tx.inbox.has_unfinished():
            return 0
    return index_waiting(ctx)


def index_anew(ctx: Context) -> None:
    """Forget the index; workers build it again, and until then only the newest things are found."""
    with ctx.database.begin() as tx:
        tx.search_index.note_all()
