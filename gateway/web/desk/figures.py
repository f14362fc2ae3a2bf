"""In charge of: the page of a company's figures, its charts' geometry, and the copy as CSV.

Not in charge of: the numbers (`usecases.read_figures`). Charts are SVG from the server, each with its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from gateway.threads.figures import ANSWER_STEPS, PERIODS, ChannelFigures
from gateway.threads.model import Viewer
from gateway.usecases import read_figures
from gateway.web.desk.conversations import desk_page
from gateway.web.security import int_or_zero
from gateway.web.visits import Visit

WIDTH, HEIGHT = 312, 96  # of the plot, in the chart's own units
PARTS = ("arrived", "under_way", "fell_back", "bounced", "failed")  # of a channel's bar, from the left


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its place in the plot, what it counts and how much. `kind` is its class."""

    x: float
    y: float
    width: float
    height: float
    value: int
    kind: str = ""


def figures_page(visit: Visit, viewer: Viewer) -> Response:
    """Time to the first answer, what waits, what arrived, when candidates write; of a company or an opening."""
    report = _read(visit, viewer)
    total = report.total
    return desk_page(
        visit,
        viewer,
        "desk_figures.html",
        current="figures",
        report=report,
        total=total,
        now=visit.site.ctx.now,
        periods=PERIODS,
        asked=_asked(visit, report),
        steps=ANSWER_STEPS,
        parts=PARTS,
        plot=(WIDTH, HEIGHT),
        answer_bars=upright_bars(total.answer_steps),
        hour_bars=upright_bars(total.hours),
        channel_bars={name: lying_bars(found) for name, found in total.channels.items()},
    )


def figures_csv(visit: Visit, viewer: Viewer) -> Response:
    """The same, opening by opening, as CSV."""
    headers = {"Content-Disposition": 'attachment; filename="figures.csv"'}
    text = read_figures.export_figures(_read(visit, viewer))
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _read(visit: Visit, viewer: Viewer) -> read_figures.Report:
    days = int_or_zero(visit.asked("days"))
    return read_figures.read_figures(visit.site.ctx, viewer, days=days, opening_id=visit.asked("opening")[:64])


def _asked(visit: Visit, report: read_figures.Report) -> dict[str, object]:
    asked = {"days": report.days, "opening": visit.asked("opening")[:64]}
    return {name: value for name, value in asked.items() if value}


def upright_bars(values: Sequence[int]) -> list[Bar]:
    """Side by side over the plot's width; the greatest has its height."""
    most = max(max(values), 1)
    step = WIDTH / len(values)
    bars = []
    for place, value in enumerate(values):
        height = round(HEIGHT * value / most, 1)
        bars.append(Bar(round(place * step + step * 0.1, 1), HEIGHT - height, round(step * 0.8, 1), height, value))
    return bars


def lying_bars(channel: ChannelFigures) -> list[Bar]:
    """One bar over the plot's whole width, in PARTS by their share; those of nothing are left out."""
    bars = []
    x = 0.0
    for kind in PARTS:
        value: int = getattr(channel, kind)
        width = WIDTH * value / channel.tried
        if value:
            bars.append(Bar(round(x, 1), 0, round(width, 1), 14, value, kind))
        x += width
    return bars
