"""In charge of: the settings' page that takes a file of applicants — first what would happen, then the doing.

Not in charge of: reading the file (`threads.applicant_file`) or its rows (`usecases.import_applicants`).

The file is not kept between the two steps: the page hands it back and forth.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Sequence

from starlette.responses import Response

from gateway.errors import Invalid, NotFound
from gateway.threads.applicant_file import MOST_ROWS, NEEDED, read_applicant_file
from gateway.threads.model import Viewer
from gateway.usecases.import_applicants import Outcome, RowResult, import_applicants
from gateway.web.desk.settings import setup_page
from gateway.web.visits import Visit, say_error

SHOWN = 500  # rows of each outcome on the page
ORDER = (Outcome.REFUSED, Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED)


def import_page(visit: Visit, viewer: Viewer) -> Response:
    """A CSV file of applicants: what would happen to each row, and on the second click it does. Admins only."""
    if not viewer.admin:
        raise NotFound("import")
    if not visit.is_post:
        return _show(visit, viewer)
    content = _content_of(visit)
    doing = visit.text("do") == "import"
    try:
        if not content:
            raise Invalid("file", "Choose a file first.", code="import_none")
        file = read_applicant_file(content)
        results = import_applicants(visit.site.ctx, viewer, file.rows, dry_run=not doing)
    except Invalid as fault:
        return _show(visit, viewer, problems={"file": say_error(visit, fault)})
    kept = "" if doing else base64.b64encode(content).decode()
    return _show(visit, viewer, results=results, ignored=file.ignored, content=kept)


def _content_of(visit: Visit) -> bytes:
    """The file that was just chosen, or the one that the page before handed back."""
    if visit.files:
        return visit.files[0].content
    try:
        return base64.b64decode(visit.text("content"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _show(
    visit: Visit,
    viewer: Viewer,
    *,
    results: Sequence[RowResult] | None = None,
    ignored: Sequence[str] = (),
    content: str = "",
    problems: dict[str, str] | None = None,
) -> Response:
    groups = [(o, [r for r in results or () if r.outcome is o][:SHOWN]) for o in ORDER]
    return setup_page(
        visit,
        viewer,
        "desk_import.html",
        entry="import",
        status=422 if problems else 200,
        results=results,
        counts=Counter(r.outcome.value for r in results or ()),
        groups=[(outcome, rows) for outcome, rows in groups if rows],
        said={r.number: say_error(visit, r.fault) for r in results or () if r.fault},
        ignored=ignored,
        content=content,
        needed=NEEDED,
        limit=MOST_ROWS,
        problems=problems or {},
    )
