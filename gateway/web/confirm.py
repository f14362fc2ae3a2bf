"""In charge of: the page on which a candidate says whether a mail from another address is theirs.

Not in charge of: what follows (`usecases.confirm_sender`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.usecases.confirm_sender import Answer, answer_question, read_question
from gateway.web.visits import Visit, show

STATUS = {Answer.TAKEN: 200, Answer.DISOWNED: 200, Answer.DEAD: 404, Answer.CLOSED: 403}


def confirm_page(visit: Visit) -> Response:
    """GET shows the question, because mail scanners open links; POST with `answer=yes` or `no` answers it, once."""
    token = visit.path("token")
    question = read_question(visit.site.ctx, token)
    if question is None or not visit.is_post or visit.text("answer") not in ("yes", "no"):
        said = Answer.DEAD if question is None else None
    else:
        said = answer_question(visit.site.ctx, token, is_mine=visit.text("answer") == "yes")
        visit.site.feed.wake()
    return show(visit, "confirm_sender.html", status=STATUS[said] if said else 200, question=question, said=said)
