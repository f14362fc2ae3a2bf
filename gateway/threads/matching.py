"""In charge of: which thread a mail belongs to, by the rungs of GW-1.

Not in charge of: whether the sender may write there.

Rungs: reply-address token → In-Reply-To/References of our Message-IDs → sender address with exactly one open thread →
the unmatched queue. A header never grants access: rungs two and three only name a thread, and the sender must then
be proven to be a participant of it (`policies.identity`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.threads.decisions import Reason


class Rung(StrEnum):
    TOKEN = "token"
    REFERENCES = "references"
    SENDER = "sender"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thread that a mail may belong to, with the participant whose address the sender uses ("" if none).
    `is_open`: its gate is.
    """

    thread_id: str
    participant_id: str = ""
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """The thread found, or why none; `suggested` lists what a person may choose from."""

    rung: Rung
    thread_id: str | None = None
    participant_id: str | None = None
    reason: Reason = Reason.OK
    suggested: tuple[str, ...] = ()


def match_thread(
    token: Candidate | None, *, by_references: Sequence[Candidate], by_sender: Sequence[Candidate]
) -> Match:
    """The first rung that holds.

    `by_references`: threads whose Message-IDs the mail names, nearest first. `by_sender`: threads in which the
    sender's address is a participant's, closed ones too: what answers a closed one belongs to it, so that its gate
    decides, and so does a new mail of somebody who has no other. Beside one that is open it stands for nothing.
    """
    if token is not None:
        return Match(Rung.TOKEN, token.thread_id, token.participant_id)
    known_by = {c.thread_id: c.participant_id for c in by_sender}
    for candidate in by_references:
        if candidate.thread_id in known_by:
            return Match(Rung.REFERENCES, candidate.thread_id, known_by[candidate.thread_id])
    threads = tuple(dict.fromkeys(c.thread_id for c in by_sender))
    meant = tuple(dict.fromkeys(c.thread_id for c in by_sender if c.is_open)) or threads
    if len(meant) == 1:
        return Match(Rung.SENDER, meant[0], known_by[meant[0]])
    if threads:
        return Match(Rung.NONE, reason=Reason.SEVERAL_THREADS, suggested=threads)
    hinted = tuple(dict.fromkeys(c.thread_id for c in by_references))
    return Match(Rung.NONE, reason=Reason.NO_THREAD, suggested=hinted)
