"""In charge of: a company's template in the composer — offered with this applicant's words, and its words for the other
channels when it is sent.

Not in charge of: templates themselves (`templates`). What a sender must give stands as ‹name› in the text until they
have written it there; until then nothing is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.errors import Invalid
from gateway.threads.model import Viewer
from gateway.threads.policies.roles import check_role
from gateway.threads.templates import MessageWords, Template
from gateway.usecases.context import Context
from gateway.usecases.drafts import open_as_member
from gateway.usecases.post_message import NewMessage
from gateway.usecases.templates import fill_template

MOST = 20  # offered at a time
OPEN, CLOSE = "‹", "›"


@dataclass(frozen=True, slots=True)
class Offer:
    """A template with this applicant's words; `lacks` names a value that we do not know of them, then `text` is ""."""

    key: str
    text: str
    lacks: str = ""


def offer_templates(ctx: Context, viewer: Viewer, thread_id: str, *, wanted: str = "") -> list[Offer]:
    """The templates whose key or words hold `wanted`; none for who writes notes only. Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = open_as_member(tx, viewer, thread_id)
        if not check_role(viewer, conversation.opening.id).allowed:
            return []
        templates = tx.templates.of_workspace(viewer.workspace_id)
    offers: list[Offer] = []
    for template in templates:
        try:
            words = fill_template(ctx, template, conversation, variables=_places(template))
            offer = Offer(template.key, words.text)
        except Invalid as fault:
            offer = Offer(template.key, "", str(fault.params.get("name", fault.field)))
        if wanted.lower() in f"{offer.key}\n{offer.text}".lower():
            offers.append(offer)
        if len(offers) == MOST:
            break
    return offers


def with_template(ctx: Context, viewer: Viewer, thread_id: str, new: NewMessage, *, key: str) -> NewMessage:
    """The message with the template's words for the other channels. Raises Invalid that names a value still missing.

    A template that is gone meanwhile changes nothing: the words are in the text already.
    """
    with ctx.database.read() as tx:
        conversation = open_as_member(tx, viewer, thread_id)
        template = tx.templates.find(viewer.workspace_id, key)
    if template is None:
        return new
    for name in template.variables:
        if f"{OPEN}{name}{CLOSE}" in new.text:
            raise Invalid("text", f"Which {name}? Write it in its place.", code="which_value", params={"name": name})
    words = fill_template(ctx, template, conversation, variables=_places(template))
    html = words.html if words.html and new.text.strip() == words.text.strip() else ""
    return replace(new, html=html, words=_complete(words, template.variables), purpose=template.purpose)


def _places(template: Template) -> dict[str, str]:
    return {name: f"{OPEN}{name}{CLOSE}" for name in template.variables}


def _complete(words: MessageWords, names: Sequence[str]) -> MessageWords:
    """Without those words that hold a value which only the text has: the usual notice goes out in their place."""

    def lacks(text: str) -> bool:
        return any(f"{OPEN}{name}{CLOSE}" in text for name in names)

    return replace(
        words,
        subject="" if lacks(words.subject) else words.subject,
        sms="" if lacks(words.sms) else words.sms,
        alimtalk=None if words.alimtalk and lacks(words.alimtalk.text) else words.alimtalk,
    )
