"""In charge of: how log lines look — text for people, JSON for machines — and keeping addresses out of them.

Not in charge of: what is logged. Lines carry ids; whatever looks like a mail address is masked all the same.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

_ADDRESS = re.compile(r"[\w.+-]+@([\w-]+\.)+[\w-]+")


def set_up_logs(level: str = "INFO", style: str = "text") -> None:
    """Send all logs to standard error. Call once per process."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = structlog.processors.JSONRenderer() if style == "json" else _render_text
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _mask_addresses,
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiosmtpd", "mail.log", "uvicorn.access", "uvicorn.error", "alembic", "dramatiq", "pika", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _render_text(_logger: Any, _name: str, line: Any) -> str:
    """One line for people; structlog's own renderer for consoles costs ten times as much, and each mail is a line."""
    text = f"{line['timestamp']} [{line['level']:<7}] {line['event']}  [{line['logger']}]"
    return f"{text}\n{line['exception']}" if "exception" in line else text


def _mask_addresses(_logger: Any, _name: str, line: Any) -> Any:
    for key in ("event", "exception"):
        if "@" in line.get(key, ""):
            line[key] = _ADDRESS.sub(lambda m: f"•••@{m.group(0).rpartition('@')[2]}", line[key])
    return line
