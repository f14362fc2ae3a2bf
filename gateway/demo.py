"""In charge of: the demo — people and mail on one machine, and what is printed about them.

Not in charge of: running (`serve`), or who the people are (`demo_people`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from gateway.app import prepare_settings
from gateway.config import Settings, load_settings
from gateway.demo_people import OPENINGS, PEOPLE, RECRUITERS, Said
from gateway.errors import NotFound, Refused
from gateway.logs import set_up_logs
from gateway.serve import run
from gateway.store.writer import MailWriter
from gateway.threads.addresses import reply_address
from gateway.threads.channel import OutgoingFile
from gateway.threads.incoming import Envelope
from gateway.threads.model import CameInBy, Member, MessageKind, Viewer, Workspace
from gateway.usecases import accounts, api_keys, read_thread
from gateway.usecases.applicants import candidate_viewer, find_applicant, put_applicant, put_opening
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.receive_email import accept_mail
from gateway.usecases.sign_in import demo_session, viewer_of_member
from gateway.usecases.views import ApplicantView

SLUG = "moalabs"
DOMAIN = "moalabs.example"
REPLY_DOMAIN = "reply.moalabs.example"
OLDEST = 1 + max(said.hours for person in PEOPLE for said in person.said)  # hours since the company began
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def run_demo(*, http: str, smtp: str, data: Path, as_json: bool) -> None:
    """Run everything until it is stopped; data in `data` are kept and not seeded twice."""
    settings = _demo_settings(http=http, smtp=smtp, data=data)
    if as_json:
        settings = settings.model_copy(update={"log_level": "WARNING"})
    set_up_logs(settings.log_level, settings.log_format)
    settings = prepare_settings(settings)
    members: dict[str, str] = {}
    signer = settings.key

    def demo_login(token: str) -> str | None:
        member_id = members.get(token)
        return demo_session(contexts[0], member_id) if member_id else None

    contexts: list[Context] = []

    def tell(ctx: Context, http_address: str, smtp_address: str) -> None:
        contexts.append(ctx)
        facts = seed(ctx)
        members.update({_login_token(signer, m.id): m.id for m in facts.members})
        _print(ctx, facts, http=http_address, smtp=smtp_address, as_json=as_json)

    run(
        settings,
        web=True,
        smtp=True,
        workers=True,
        migrate=True,
        demo_login=demo_login,
        on_ready=tell,
    )


def _demo_settings(*, http: str, smtp: str, data: Path) -> Settings:
    values: dict[str, object] = {
        "demo": True,
        "data_dir": data,
        "http_listen": http,
        "smtp_listen": smtp,
        "public_url": f"http://{http}",
        "reply_domain": REPLY_DOMAIN,
        "outbound_smtp_url": "mailbox:",
        "alimtalk_provider": "phone:",
        "alimtalk_templates": {"candidate.new_message": "DEMO"},
        "sms_provider": "phone:",
        "sms_abroad_provider": "phone:",
        "trust_matching_sender": True,
        "sender_checks": False,
        "sender_mails_per_hour": 0,
        "api_requests_per_minute": 60_000,
        "webhook_private_addresses": True,
        "sweep_seconds": 1.0,
    }
    return load_settings(**values)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the demo prints."""

    workspace: Workspace
    members: list[Member]
    api_key: str
    threads: list[tuple[str, str, str]]  # id, applicant, portal address


def seed(ctx: Context) -> Facts:
    """The demo's company and people, made once; then only found again."""
    api_key = api_keys.KEY_PREFIX + _derive(ctx.settings.key, "demo-api-key")
    known = next((w for w in accounts.list_workspaces(ctx) if w.slug == SLUG), None)
    workspace = known or accounts.create_workspace(
        _at(ctx, OLDEST),
        name="Moa Labs",
        slug=SLUG,
        public_contact=f"jobs@{DOMAIN}",
        locale="en",
        timezone="Asia/Seoul",
    )
    api_keys.store_api_key(ctx, workspace.id, name="Greenbox ATS", key=api_key)
    ats = api_keys.viewer_for_api_key(ctx, api_key)
    assert ats is not None  # stored the line above
    if known is None:
        recruiters, views = _seed_company(ctx, workspace, ats)
        stories = [(view, said) for view, person in zip(views, PEOPLE, strict=True) for said in person.said]
        for view, said in sorted(stories, key=lambda story: -story[1].hours):
            _relive(ctx, recruiters, view, said)
    members = accounts.list_members(ctx, ats)
    found = list(_find_people(ctx, ats))
    return Facts(workspace, members, api_key, [(v.thread_id, v.applicant.name, v.portal_url) for v in found])


def _find_people(ctx: Context, ats: Viewer) -> Iterator[ApplicantView]:
    """Those that are there: a folder of an earlier version has fewer."""
    for person in PEOPLE:
        with suppress(NotFound):
            yield find_applicant(ctx, ats, person.key)


def _at(ctx: Context, hours: float) -> Context:
    """As it was so many hours ago; now, for what is still to come."""
    at = ctx.now - timedelta(hours=max(hours, 0))
    return replace(ctx, clock=lambda: at)


def _seed_company(ctx: Context, workspace: Workspace, ats: Viewer) -> tuple[dict[str, Member], list[ApplicantView]]:
    """The recruiters by name, and the applicants in the order of `PEOPLE`."""
    then = _at(ctx, OLDEST)
    members = {
        key: accounts.create_member(then, workspace.id, email=f"{key}@{DOMAIN}", name=name, locale=locale)
        for key, name, locale in RECRUITERS
    }
    for external_id, title in OPENINGS:
        put_opening(then, ats, external_id, title=title, notify_emails=[m.email for m in members.values()])
    views = [
        put_applicant(
            _at(ctx, max((said.hours for said in person.said), default=0)),
            ats,
            person.key,
            opening=person.opening,
            name=person.name,
            email=person.email,
            phone=person.phone,
            locale=person.locale,
            source="applied",
        )
        for person in PEOPLE
    ]
    return members, views


def _relive(ctx: Context, members: Mapping[str, Member], view: ApplicantView, said: Said) -> None:
    """Let it happen as it happened at its hour."""
    member = members.get(said.who)
    viewer = viewer_of_member(member) if member else candidate_viewer(ctx, view.portal_url.rsplit("/", 1)[1])
    assert viewer is not None  # just issued
    then = _at(ctx, said.hours)
    if said.how == "other":
        _hand_in_mail(then, members[RECRUITERS[0][0]], view, said.text)
    elif said.how == "stage":
        change_stage(then, viewer, view.thread_id, said.text)
    else:
        new = NewMessage(
            text=said.text,
            kind=MessageKind.NOTE if said.how == "note" else MessageKind.MESSAGE,
            came_in_by=CameInBy.EMAIL if said.how == "mail" else CameInBy.WEB,
            files=(OutgoingFile(said.file, "application/pdf", PDF),) if said.file else (),
            send_at=then.now - timedelta(hours=said.hours) if said.hours < 0 else None,
        )
        with suppress(Refused):  # after a rejection: that they tried is part of the story
            post_message(then, viewer, view.thread_id, new)


def _hand_in_mail(ctx: Context, member: Member, view: ApplicantView, text: str) -> None:
    """A mail to their reply address, from an address of theirs that we do not know."""
    people = read_thread.read_page(ctx, viewer_of_member(member), view.thread_id).conversation
    to = reply_address(ctx.settings.key, people.candidate.id, REPLY_DOMAIN)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(view.applicant.name, addr_spec=f"home.{view.applicant.email}")
    mail["To"], mail["Subject"], mail["Date"] = to, f"Re: {people.opening.title}", ctx.now
    mail["Message-ID"] = f"<{view.thread_id}@mail.example>"
    mail.set_content(text)
    writer = MailWriter(ctx.database)
    envelope = Envelope(mail_from=f"home.{view.applicant.email}", rcpt_tos=(to,), peer="127.0.0.1")
    accept_mail(ctx, writer, envelope, mail.as_bytes()).result(10)
    writer.close()


def _derive(key: bytes, purpose: str) -> str:
    """A secret that is the same at each start of the same demo."""
    return base64.urlsafe_b64encode(hmac.digest(key, purpose.encode(), hashlib.sha256)).decode().rstrip("=")


def _login_token(key: bytes, member_id: str) -> str:
    return _derive(key, f"demo-login:{member_id}")


def _print(ctx: Context, facts: Facts, *, http: str, smtp: str, as_json: bool) -> None:
    url = ctx.settings.public_url
    key = ctx.settings.key
    logins = [{"email": m.email, "login_url": f"{url}/dev/login/{_login_token(key, m.id)}"} for m in facts.members]
    threads = [{"id": i, "applicant": name, "portal_url": link} for i, name, link in facts.threads]
    if as_json:
        told = {
            "http": url,
            "smtp": smtp,
            "api_key": facts.api_key,
            "reply_domain": ctx.settings.reply_domain,
            "recruiters": logins,
            "threads": threads,
        }
        print(json.dumps(told, ensure_ascii=False), flush=True)
        return
    print(f"\nThe gateway runs: {url}   mail comes in at smtp://{smtp}\n")
    for login in logins:
        print(f"  Recruiter  {login['email']:<28} {login['login_url']}")
    for thread in threads[:3]:
        print(f"  Candidate  {thread['applicant']:<24} {thread['portal_url']}")
    print(f"  Mailbox    what was sent out            {url}/dev/mail")
    print(f"  Phone      KakaoTalk and SMS                {url}/dev/phone")
    print(f"  API        key {facts.api_key}   docs {url}/api/docs")
    print("\nTry: answer as a recruiter, read the mail in the mailbox, reply on the candidate's page, then reject.")
    print("Stop with Ctrl+C. Data stay in", ctx.settings.data_dir, flush=True)
