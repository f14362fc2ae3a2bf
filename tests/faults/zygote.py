"""In charge of: forking `gateway` processes from one interpreter that has everything imported: a restart in 0.2 s.

Not in charge of: what they are told or when they die (`process`).

Run as a program. Each line of standard input is a JSON object {"arguments": […], "environment": {…}, "log": path};
the answer is the child's process id on one line. A child runs the very code of `python -m gateway …`, in a session of
its own; only its parsing processes are forked from what is loaded here instead of from a fresh interpreter, which
would cost two seconds of processor time at each restart. The end of standard input ends this process, and
with it its children.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import multiprocessing
import os
import signal
import sys
import traceback
from typing import Any

import gateway.__main__
import gateway.crashpoints
import gateway.demo
import gateway.inbound.reading
import gateway.serve

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_get_context = multiprocessing.get_context


def get_context(method: str | None = None) -> Any:
    """As multiprocessing does, but "forkserver" is "fork"."""
    return _get_context("fork" if method == "forkserver" else method)


def run_child(order: dict[str, Any]) -> None:
    """Become `gateway …`; never returns. If this process ends, even by SIGKILL, the kernel ends the child."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for there, here in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(there, here)
    for name in [n for n in os.environ if n.startswith("GATEWAY_")]:
        del os.environ[name]
    os.environ.update(order["environment"])
    importlib.reload(gateway.crashpoints)  # it reads its variable when it is imported
    sys.argv = ["gateway", *order["arguments"]]
    status = 1
    try:
        gateway.__main__.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 2
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Fork on demand; reap nothing: the caller waits for its children by their end in /proc, and init takes them."""
    multiprocessing.get_context = get_context  # type: ignore[assignment]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            run_child(json.loads(line))
        print(child, flush=True)


if __name__ == "__main__":
    main()
