"""In charge of: what a member's mail or Slack message about news says: one thing, or a summary by conversation.

Not in charge of: whether it goes out (`send_news`), what is pushed (`push_words`), or the ordinary copy of a message
(`outgoing`).

A notice keeps ids only: names and words are read when it goes out, so what was erased meanwhile is not told, nor what
the member no longer sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from gateway.store.database import Transaction
from gateway.threads.addresses import bounce_address, reply_address
from gateway.threads.channel import Outgoing
from gateway.threads.model import Delivery, Workspace
from gateway.threads.notices import Notice
from gateway.threads.notifying import SLACK, News, NewsKind, Seat, ShownNews
from gateway.threads.policies.roles import visible_openings
from gateway.usecases.access import find_viewers
from gateway.usecases.context import Context, Rendered
from gateway.usecases.sealing import unseal

NEWS = "member.news"
MENTIONED = "member.mentioned"
MOST_GROUPS = 40  # conversations in one summary; the bell has all
NAMED = 3  # people in a subject
LONGEST_NOTE = 2000  # characters
_SLACK_MARKS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class Group:
    """What is new in one conversation. `reply_to`: the member's own address in it, "" when they have none."""

    name: str
    opening: str
    lines: tuple[str, ...]
    link: str
    reply_to: str


def build_news(
    ctx: Context, tx: Transaction, delivery: Delivery, notice: Notice, *, workspace: Workspace
) -> Outgoing | None:
    """The mail or Slack message of this notice; None when nothing of it is left, or the member is gone."""
    seat = tx.news.find_seat(notice.variables["member"])
    shown = find_shown(tx, seat, notice.variables["news"].split(",")) if seat else []
    if seat is None or not shown:
        return None
    if delivery.channel == SLACK:
        return _for_slack(ctx, tx, delivery, seat, shown, locale=notice.locale)
    words = _mail_words(ctx, tx, seat, shown, locale=notice.locale, workspace=workspace)
    sender = f"{workspace.slug}@{ctx.settings.reply_domain}"
    return Outgoing(
        delivery_id=delivery.id,
        channel=delivery.channel,
        to=delivery.to,
        subject=words.subject,
        text=words.text,
        html=words.html,
        from_name=workspace.name,
        from_address=sender,
        reply_to=sender,
        envelope_from=bounce_address(ctx.settings.key, delivery.id, ctx.settings.reply_domain),
        message_id=delivery.rfc_message_id,
        automatic=notice.automatic,
        language=notice.locale,
    )


def find_shown(tx: Transaction, seat: Seat, ids: Sequence[str]) -> list[ShownNews]:
    """What of these news the member would still see in their bell, oldest first."""
    viewer = find_viewers(tx, seat.workspace_id, [seat.member_id]).get(seat.member_id)
    return tx.news.by_ids(ids, openings=visible_openings(viewer)) if viewer else []


def path_of(news: News) -> str:
    """The page of the desk that shows what it is about."""
    if news.kind is NewsKind.HELD:
        return f"/desk/review/{news.subject_id}"
    if news.kind is NewsKind.UNREACHED:
        return "/desk/settings/personal"
    if news.kind in (NewsKind.APPROVED, NewsKind.REJECTED):
        return f"/desk/settings/templates/{quote(news.by_name)}"
    return f"/desk/t/{news.thread_id}" + (f"#msg-{news.subject_id}" if news.subject_id else "")


def link_of(ctx: Context, news: News) -> str:
    return f"{ctx.settings.public_url}{path_of(news)}"


def _mail_words(
    ctx: Context, tx: Transaction, seat: Seat, shown: Sequence[ShownNews], *, locale: str, workspace: Workspace
) -> Rendered:
    first = shown[0]
    common: dict[str, object] = {"company": workspace.name, "brand": workspace.brand, "link": link_of(ctx, first.news)}
    if len(shown) == 1 and first.news.kind is NewsKind.MENTIONED:
        note = tx.messages.find(first.news.subject_id)
        about = {"author_name": first.news.by_name, "candidate_name": first.applicant_name}
        text = note.text[:LONGEST_NOTE] if note else first.text
        return ctx.render.mail(MENTIONED, locale, {**common, **about, "opening": first.opening_title, "text": text})
    groups = group_news(ctx, tx, seat, shown, locale=locale)
    values = {
        **common,
        "link": groups[0].link if len(groups) == 1 else f"{ctx.settings.public_url}/desk/bell",
        "headline": say_headline(groups),
        "groups": groups[:MOST_GROUPS],
        "more": max(len(groups) - MOST_GROUPS, 0),
    }
    return ctx.render.mail(NEWS, locale, values)


def _for_slack(
    ctx: Context, tx: Transaction, delivery: Delivery, seat: Seat, shown: Sequence[ShownNews], *, locale: str
) -> Outgoing | None:
    """Names, openings and links; never what somebody wrote, which stays here."""
    if not seat.preferences.slack_url:
        return None
    groups = group_news(ctx, tx, seat, shown, locale=locale)
    blocks = [
        "\n".join(
            [f"*<{g.link}|{_escape(g.name)}>* {_escape(g.opening)}".strip(), *(f"• {_escape(w)}" for w in g.lines)]
        )
        for g in groups[:MOST_GROUPS]
    ]
    url = unseal(ctx, seat.preferences.slack_url)
    return Outgoing(delivery_id=delivery.id, channel=SLACK, to=url, text="\n\n".join(blocks), language=locale)


def group_news(ctx: Context, tx: Transaction, seat: Seat, shown: Sequence[ShownNews], *, locale: str) -> list[Group]:
    """By conversation, the one that has waited longest first."""
    by_thread: dict[str, list[ShownNews]] = {}
    for one in shown:
        by_thread.setdefault(one.news.thread_id or one.news.id, []).append(one)
    return [
        Group(
            name=told[0].applicant_name or ctx.render.text(locale, "nav.review"),
            opening=told[0].opening_title,
            lines=tuple(_lines(ctx, told, locale=locale)),
            link=link_of(ctx, told[0].news),
            reply_to=_reply_address(ctx, tx, seat, told[0].news.thread_id),
        )
        for told in by_thread.values()
    ]


def _lines(ctx: Context, told: Sequence[ShownNews], *, locale: str) -> list[str]:
    """A sentence for each thing; several messages of one person are one."""
    lines: dict[tuple[str, str], int] = {}
    for one in told:
        key = (one.news.kind.value, one.news.by_name)
        lines[key] = lines.get(key, 0) + 1
    return [
        ctx.render.text(
            locale,
            "news.messages" if kind == NewsKind.MESSAGE and number > 1 else f"news.{kind}",
            name=(by if kind == NewsKind.MESSAGE else "") or told[0].applicant_name,
            by=by,
            n=number,
        )
        for (kind, by), number in lines.items()
    ]


def say_headline(groups: Sequence[Group]) -> str:
    """What is new, in one line."""
    if len(groups) == 1 and len(groups[0].lines) == 1:
        return groups[0].lines[0]
    names = ", ".join(g.name for g in groups[:NAMED])
    return f"{names} (+{len(groups) - NAMED})" if len(groups) > NAMED else names


def _reply_address(ctx: Context, tx: Transaction, seat: Seat, thread_id: str | None) -> str:
    conversation = tx.threads.load(thread_id) if thread_id else None
    own = [p for p in conversation.participants if p.role.is_company and p.email == seat.email] if conversation else []
    return reply_address(ctx.settings.key, own[0].id, ctx.settings.reply_domain) if own else ""


def _escape(text: str) -> str:
    """As Slack wants text that is not its own markup."""
    return " ".join(text.translate(_SLACK_MARKS).split())
