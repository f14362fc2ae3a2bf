"""In charge of: the company's logo as its mails carry it.

Not in charge of: accepting a logo (`branding`), MIME (`outbound.compose`), where it stands (templates/mail), or knowing
it again in an answer (`policies.attachments`).

It travels with the mail (`cid:`) instead of being loaded from us: Outlook and many companies' mail clients load nothing
from elsewhere before they are asked, Gmail and Naver would fetch it through a proxy of theirs, and a picture that is
loaded tells who opened the mail when, which we do not want to know. WebP stays away from mails: Outlook for Windows
shows an empty frame in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.store.database import Transaction
from gateway.threads.channel import InlinePicture
from gateway.threads.model import Workspace
from gateway.threads.pictures import read_picture
from gateway.usecases.context import Context

IN_MAILS = ("image/png", "image/jpeg")
HEIGHT, WIDEST = 32, 176  # pixels, as on the candidate's page
_NAME = "logo."


@dataclass(frozen=True, slots=True)
class MailLogo:
    """The picture, and the size in pixels at which it is shown: Outlook knows no other than these."""

    picture: InlinePicture
    width: int
    height: int

    @property
    def shown(self) -> tuple[str, int, int]:
        """What the templates need: Content-ID, width, height."""
        return self.picture.content_id, self.width, self.height


def read_mail_logo(ctx: Context, tx: Transaction, workspace: Workspace) -> MailLogo | None:
    """The company's logo as its mails carry it; None if it has none, or none that mail clients show."""
    logo = workspace.logo
    if logo is None:
        return None
    try:
        content = tx.blobs.read_shared(logo.digest)
    except FileNotFoundError:  # another one took its place since: a letter does not wait for a picture
        return None
    found = read_picture(content)
    if found is None or found.content_type not in IN_MAILS:
        return None
    scale = min(HEIGHT / found.height, WIDEST / found.width)
    picture = InlinePicture(content_id_of(ctx, logo.digest), found.content_type, content)
    return MailLogo(picture, max(1, round(found.width * scale)), max(1, round(found.height * scale)))


def content_id_of(ctx: Context, digest: str) -> str:
    """The same in each mail, and another for another picture (RFC 2392 §2)."""
    return f"{_NAME}{digest[:32]}@{ctx.settings.reply_domain}"
