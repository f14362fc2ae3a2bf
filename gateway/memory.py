"""In charge of: how a process that lives long keeps its memory — the garbage collector, the C library's heaps.

Not in charge of: what lies in it, or the limits of the parsing processes (`inbound.sandbox`).
"""

from __future__ import annotations

import ctypes
import gc

_M_ARENA_MAX = -8  # malloc.h of glibc; mallopt(3)


def share_one_heap() -> None:
    """Call it when a process starts, before it has threads.

    glibc gives each thread a heap of its own, and what threads hand to each other leaves holes in all of them: the
    workers' process grew by 3 MB with every thousand mails. The interpreter's lock lets one thread at a time ask for
    memory anyhow. Other C libraries have one heap, or none of these settings.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def rest_collector() -> None:
    """Call it when a process has started. What is there by then stays to the end, so that the garbage collector need
    not look at it again; and it looks at all the rest less often: with hundreds of open pages a full collection stops
    everybody for a quarter of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
