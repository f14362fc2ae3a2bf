"""The people of the tests: Mina applies, Jun and Ara recruit at Moa Labs, a stranger knocks; Nordlys is another
company.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from gateway.threads.consents import Consent
from gateway.threads.model import Member, Opening, Viewer, ViewerKind, Workspace
from gateway.usecases import accounts, api_keys, applicants
from gateway.usecases.consents import read_standing
from gateway.usecases.context import Context
from gateway.usecases.sign_in import viewer_of_member
from gateway.usecases.views import ApplicantView

MINA = "mina@mail.example"
JUN = "jun@moalabs.example"
ARA = "ara@moalabs.example"
HR = "hr@moalabs.example"  # on the notify list, without an account
STRANGER = "stranger@elsewhere.example"
CONTACT = "jobs@moalabs.example"


@dataclass(frozen=True, slots=True)
class Company:
    """A workspace with two admins, an opening and an API key."""

    workspace: Workspace
    jun: Member
    ara: Member
    opening: Opening
    api_key: str
    ats: Viewer

    @property
    def as_jun(self) -> Viewer:
        return viewer_of_member(self.jun)

    @property
    def as_ara(self) -> Viewer:
        return viewer_of_member(self.ara)


def make_company(
    ctx: Context, *, slug: str = "moalabs", name: str = "Moa Labs", domain: str = "moalabs.example"
) -> Company:
    workspace = accounts.create_workspace(
        ctx, name=name, slug=slug, public_contact=f"jobs@{domain}", locale="en", timezone="Asia/Seoul"
    )
    with ctx.database.begin() as tx:  # a small team: who has no role sees all, so that a test of roles gives them
        tx.people.update_workspace(workspace.id, own_openings_only=False)
    jun = accounts.create_member(ctx, workspace.id, email=f"jun@{domain}", name="Jun Park", password="correct horse")
    ara = accounts.create_member(ctx, workspace.id, email=f"ara@{domain}", name="Ara Kim", password="battery staple")
    key = api_keys.create_api_key(ctx, workspace.id, name="Greenbox ATS")
    ats = api_keys.viewer_for_api_key(ctx, key)
    assert ats is not None
    opening, _ = applicants.put_opening(
        ctx, ats, "designer", title="Product Designer", notify_emails=[jun.email, f"hr@{domain}"]
    )
    return Company(workspace, jun, ara, opening, key, ats)


def make_applicant(
    ctx: Context,
    company: Company,
    *,
    external_id: str = "mina-1",
    name: str = "Mina Han",
    email: str = MINA,
    locale: str = "en",
    source: str = "applied",
) -> ApplicantView:
    return applicants.put_applicant(
        ctx,
        company.ats,
        external_id,
        opening=company.opening.external_id,
        name=name,
        email=email,
        locale=locale,
        source=source,
    )


def as_candidate(ctx: Context, view: ApplicantView) -> Viewer:
    token = view.portal_url.rsplit("/", 1)[1]
    viewer = applicants.candidate_viewer(ctx, token)
    assert viewer is not None
    assert viewer.kind is ViewerKind.CANDIDATE
    return viewer


def make_mail(
    text: str = "Hello, thank you for your message.",
    *,
    from_: str = MINA,
    name: str = "Mina Han",
    to: str = "someone@reply.example.test",
    subject: str = "Re: New message",
    message_id: str = "",
    date: str = "Mon, 23 Nov 2026 09:00:00 +0900",
    headers: dict[str, str] | None = None,
    files: dict[str, bytes] | None = None,
    html: str = "",
) -> bytes:
    """An ordinary mail as its client would send it, CRLF line ends."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f'"{name}" <{from_}>'
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = date
    if message_id:
        mail["Message-ID"] = f"<{message_id}>"
    for key, value in (headers or {}).items():
        mail[key] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for filename, content in (files or {}).items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=filename)
    return mail.as_bytes()


def consents_of(ctx: Context, company: Company, external_id: str) -> list[Consent]:
    """What a person agreed to or took back."""
    return [s.consent for s in read_standing(ctx, company.ats, external_id) if s.consent]
