"""In charge of: dying on purpose at a named step, so that tests can prove what survives it (docs/reliability.md).

Not in charge of: anything in ordinary work. `GATEWAY_CRASH_AT` is for tests alone: it is no setting, and `doctor`
names it among the variables that no setting knows.
"""

from __future__ import annotations

import os
import signal

_CRASH_AT = os.environ.get("GATEWAY_CRASH_AT", "")


def reach(name: str) -> None:
    """Do nothing; or, if this is the step that `GATEWAY_CRASH_AT` named when the process began, die by SIGKILL."""
    if name == _CRASH_AT:
        os.kill(os.getpid(), signal.SIGKILL)
