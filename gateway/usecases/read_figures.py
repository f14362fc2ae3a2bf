"""In charge of: a company's figures for its members, opening by opening, and a copy as CSV.

Not in charge of: counting (`store.figures`), drawing (`web.desk.figures`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.errors import NotFound
from gateway.store.database import Transaction
from gateway.store.figures import Scope
from gateway.threads.applicant_file import write_rows
from gateway.threads.figures import DEFAULT_PERIOD, HOURS, PERIODS, Figures, add_up, hours_of_day
from gateway.threads.model import Opening, Viewer, ViewerKind
from gateway.threads.policies.roles import sees_opening, visible_openings
from gateway.threads.routing import CHANNELS
from gateway.usecases.context import Context

COLUMNS = (
    *("opening", "title", "days", "conversations", "from_candidates", "to_candidates"),
    *("median_answer_hours", "slow_answer_hours", "never_answered", "unanswered", "oldest_unanswered"),
    *(f"{channel}_{what}" for channel in CHANNELS for what in ("tried", "arrived", "bounced", "failed", "fell_back")),
    *(f"hour_{hour:02}" for hour in range(HOURS)),
)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period that ends now: of each opening, and all together."""

    days: int
    openings: tuple[tuple[Opening, Figures], ...]
    total: Figures


def read_figures(ctx: Context, viewer: Viewer, *, days: int = DEFAULT_PERIOD, opening_id: str = "") -> Report:
    """The openings that this member sees, or one of them, by title. Another period than PERIODS is the default one.

    Raises NotFound for candidates, and for an opening that the viewer does not see.
    """
    if viewer.kind is not ViewerKind.MEMBER:
        raise NotFound("figures")
    days = days if days in PERIODS else DEFAULT_PERIOD
    with ctx.database.read() as tx:
        workspace = tx.people.find_workspace(viewer.workspace_id)
        assert workspace is not None  # its members' viewers name it
        openings = [o for o in tx.people.list_openings(workspace.id) if sees_opening(viewer, o.id)]
        if opening_id:
            openings = [o for o in openings if o.id == opening_id]
            if not openings:
                raise NotFound("opening")
        asked = [opening_id] if opening_id else visible_openings(viewer)
        scope = Scope(workspace.id, asked, ctx.now - timedelta(days=days))
        by_opening = _count(tx, scope, now=ctx.now, zone=ZoneInfo(workspace.timezone))
    found = tuple((o, by_opening.get(o.id, Figures())) for o in sorted(openings, key=lambda o: o.title.casefold()))
    return Report(days, found, add_up(figures for _, figures in found))


def _count(tx: Transaction, scope: Scope, *, now: datetime, zone: ZoneInfo) -> dict[str, Figures]:
    rows = tx.figures
    begun = rows.begun(scope)
    waiting = rows.waiting(scope, now=now)
    written = rows.written(scope)
    hours = rows.by_hour(scope)
    answers = rows.first_answers(scope)
    channels = rows.deliveries(scope)
    return {
        o: Figures(
            conversations=begun.get(o, 0),
            from_candidates=written.get(o, (0, 0))[0],
            to_candidates=written.get(o, (0, 0))[1],
            answer_times=tuple(time for time in answers.get(o, ()) if time is not None),
            never_answered=sum(time is None for time in answers.get(o, ())),
            unanswered=waiting[o].number if o in waiting else 0,
            oldest=waiting[o].oldest if o in waiting else None,
            channels=channels.get(o, {}),
            hours=hours_of_day(hours.get(o, {}), zone),
        )
        for o in {*begun, *waiting, *written, *channels}
    }


def export_figures(report: Report) -> str:
    """As CSV with a head (RFC 4180): a row for each opening, hours of the day in the company's zone."""
    return write_rows([COLUMNS, *(_row(report, opening, figures) for opening, figures in report.openings)])


def _row(report: Report, opening: Opening, figures: Figures) -> tuple[str, ...]:
    oldest = figures.oldest.isoformat(timespec="seconds") if figures.oldest else ""
    channels = [figures.channels.get(name) for name in CHANNELS]
    sent = [
        str(number)
        for c in channels
        for number in ((c.tried, c.arrived, c.bounced, c.failed, c.fell_back) if c else (0,) * 5)
    ]
    return (
        *(opening.external_id, opening.title, str(report.days), str(figures.conversations)),
        *(str(figures.from_candidates), str(figures.to_candidates)),
        *(_in_hours(figures.median_answer), _in_hours(figures.slow_answer)),
        *(str(figures.never_answered), str(figures.unanswered), oldest),
        *sent,
        *map(str, figures.hours),
    )


def _in_hours(time: timedelta | None) -> str:
    return "" if time is None else f"{time.total_seconds() / 3600:.2f}"
