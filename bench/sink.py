"""In charge of: the lower yardstick — stock aiosmtpd that says 250 and drops the mail.

Not in charge of: keeping anything.

python -m bench.sink PORT
"""

from __future__ import annotations

import signal
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Drop:
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return "250 OK"


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
    controller = Controller(Drop(), hostname="127.0.0.1", port=int(sys.argv[1]))
    controller.start()
    signal.sigwait((signal.SIGTERM,))
    controller.stop()
