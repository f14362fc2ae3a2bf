"""In charge of: a time as it is typed on the command line. Not in charge of: times of pages and of the API."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import typer

from gateway.threads.schedule import read_local


def read_time(text: str) -> datetime:
    """A day or a time, in UTC unless it names its offset. Raises BadParameter."""
    found = read_local(text, ZoneInfo("UTC"))
    if found is None:
        raise typer.BadParameter(f"{text!r} is no time: write it like 2026-01-31 or 2026-01-31T09:00, in UTC.")
    return found


TIME = partial(typer.Option, parser=read_time, metavar="TIME")
