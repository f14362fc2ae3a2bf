"""In charge of: rows of templates, and the filled-in words of messages that came from one.

Not in charge of: filling in (`rendering.workspace`) or languages (`threads.templates`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.session import Session
from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, KakaoBody, KakaoWords, MailBody, MessageWords, Review, Template


class Templates:
    """Templates within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, template: Template) -> None:
        row = {"id": template.id, "workspace_id": template.workspace_id, "key": template.key, **_columns(template)}
        self._session.execute(insert(t.templates), {**row, "created_at": template.created_at})

    def replace(self, template: Template) -> None:
        """Write the template over its row."""
        where = t.templates.c.id == template.id
        self._session.execute(update(t.templates).where(where).values(_columns(template)))

    def find(self, workspace_id: str, key: str) -> Template | None:
        c = t.templates.c
        query = select(t.templates).where(c.workspace_id == workspace_id, c.key == key)
        row = self._session.execute(query).first()
        return _template(row) if row else None

    def of_workspace(self, workspace_id: str, *, after: str = "", limit: int = 1000) -> list[Template]:
        """In the order of their keys."""
        c = t.templates.c
        query = select(t.templates).where(c.workspace_id == workspace_id, c.key > after).order_by(c.key).limit(limit)
        return [_template(r) for r in self._session.execute(query)]

    def look_at_review(self, template_id: str, *, at: datetime | None) -> None:
        """When the provider is asked about it; None: not any more."""
        self._session.execute(update(t.templates).where(t.templates.c.id == template_id).values(review_at=at))

    def claim_reviews(self, *, now: datetime, until: datetime, limit: int) -> list[Template]:
        """Those about which it is time to ask; nobody else gets them before `until`."""
        c = t.templates.c
        first = select(c.id).where(c.review_at <= now).order_by(c.review_at).limit(limit)
        taken = update(t.templates).where(c.id.in_(first), c.review_at <= now).values(review_at=until).returning(*c)
        return [_template(row) for row in self._session.execute(taken)]

    def remove(self, template_id: str) -> None:
        self._session.execute(delete(t.templates).where(t.templates.c.id == template_id))

    def add_words(self, message_id: str, words: MessageWords) -> None:
        """What a message says by each channel."""
        row = {"message_id": message_id, "template": words.template, "words": asdict(words)}
        self._session.execute(insert(t.message_words), row)

    def find_words(self, message_id: str) -> MessageWords | None:
        """None for a message that came from no template."""
        ahead: tuple[MessageWords, ...] | None = self._session.find_ahead(_WORDS, message_id)
        if ahead is None:
            self.look_for_words([message_id])
            ahead = self._session.find_ahead(_WORDS, message_id)
        return ahead[0] if ahead else None

    def look_for_words(self, message_ids: Sequence[str]) -> None:
        """Read ahead what `find_words` will be asked."""
        rows = self._session.execute(_WORDS_OF, {"ids": list(message_ids)}) if message_ids else ()
        found = {row.message_id: (_words(row.words),) for row in rows}
        self._session.read_ahead(_WORDS, {**dict.fromkeys(message_ids, ()), **found})


_WORDS = "words"
_WORDS_OF = select(t.message_words.c.message_id, t.message_words.c.words).where(
    is_among(t.message_words.c.message_id, "ids")
)


def _words(found: Mapping[str, Any]) -> MessageWords:
    kakao = found["alimtalk"]
    return MessageWords(**{**found, "alimtalk": KakaoWords(**kakao) if kakao else None})


def _columns(template: Template) -> dict[str, Any]:
    return {
        "purpose": template.purpose.value,
        "variables": list(template.variables),
        "bodies": {locale: asdict(body) for locale, body in template.bodies.items()},
        "updated_at": template.updated_at,
        "saved_by": template.saved_by,
    }


def _template(row: Row[Any]) -> Template:
    created: datetime = row.created_at
    return Template(
        id=row.id,
        workspace_id=row.workspace_id,
        key=row.key,
        purpose=Purpose(row.purpose),
        variables=tuple(row.variables),
        bodies={locale: _body(found) for locale, found in row.bodies.items()},
        created_at=created,
        updated_at=row.updated_at,
        saved_by=row.saved_by,
    )


def _body(found: Mapping[str, Any]) -> Body:
    kakao = found["alimtalk"]
    return Body(
        email=MailBody(**found["email"]),
        sms=found["sms"],
        alimtalk=KakaoBody(**{**kakao, "review": Review(kakao["review"])}) if kakao else None,
    )
