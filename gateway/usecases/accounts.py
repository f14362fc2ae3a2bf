"""In charge of: workspaces and members — made, listed, found.

Not in charge of: signing in (`sign_in`) or API keys (`api_keys`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import Conflict, Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.model import Member, Viewer, Workspace
from gateway.usecases.checks import check_channels, check_locale, check_name, check_outer_email, check_page_url
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act

RESERVED = (
    "postmaster",
    "abuse",
    "mailer-daemon",
    "noreply",
    "no-reply",
    "root",
    "hostmaster",
    "webmaster",
    "security",
)
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?\Z")
_BRAND = re.compile(r"#[0-9A-Fa-f]{6}\Z")
NEW = "new"  # where a workspace's set-up stands before anybody has seen it
SHORTEST_PASSWORD = 10  # characters
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's second choice: 19 MiB a sign-in


def create_workspace(
    ctx: Context,
    *,
    name: str,
    slug: str,
    public_contact: str = "",
    locale: str = "en",
    timezone: str = "UTC",
    brand: str = "#0D6351",
) -> Workspace:
    """A new company. Its visible sender address is slug@reply-domain. Raises Invalid, Conflict."""
    if not _SLUG.match(slug) or slug in RESERVED or re.match(r"[rb][+-]", slug):
        raise Invalid("slug", "Use 1 to 42 small letters, digits and hyphens; it becomes a mail address.", code="slug")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid(
            "timezone", "Name a time zone of the IANA list, for example Asia/Seoul.", code="timezone"
        ) from None
    workspace = Workspace(
        id=ctx.new_id(),
        name=check_name("name", name),
        slug=slug,
        public_contact=check_outer_email(
            "public_contact", public_contact, reply_domain=ctx.settings.reply_domain, optional=True
        ),
        locale=check_locale("locale", locale, default="en"),
        timezone=timezone,
        brand=check_brand(brand),
    )
    with ctx.database.begin() as tx:
        if tx.people.find_workspace_by_slug(slug):
            raise Conflict("slug_taken", f"There is a workspace {slug} already.")
        tx.people.add_workspace(workspace, now=ctx.now)
        tx.workspace_settings.set_setup_step(workspace.id, NEW)
    return workspace


def check_brand(value: str) -> str:
    """A colour as #RRGGBB. Raises Invalid."""
    if not _BRAND.match(value):
        raise Invalid("brand", "Write the colour as #RRGGBB.", code="brand")
    return value.upper()


def read_workspace(ctx: Context, viewer: Viewer) -> Workspace:
    """The viewer's workspace. Raises NotFound."""
    with ctx.database.read() as tx:
        workspace = tx.people.find_workspace(viewer.workspace_id)
    if workspace is None:
        raise NotFound("workspace")
    return workspace


def update_workspace(
    ctx: Context,
    viewer: Viewer,
    *,
    name: str | None = None,
    public_contact: str | None = None,
    privacy_url: str | None = None,
) -> Workspace:
    """Change what is given; how it looks is `branding`. Admins only (NotFound for others). Raises Invalid."""
    check_admin(viewer, "workspace")
    values: dict[str, object] = {}
    if name is not None:
        values["name"] = check_name("name", name)
    if public_contact is not None:
        values["public_contact"] = check_outer_email(
            "public_contact", public_contact, reply_domain=ctx.settings.reply_domain, optional=True
        )
    if privacy_url is not None:
        values["privacy_url"] = check_page_url("privacy_url", privacy_url)
    return _change_workspace(ctx, viewer, values)


def _change_workspace(ctx: Context, viewer: Viewer, values: Mapping[str, object]) -> Workspace:
    """Write what differs, and in the audit log which fields (SJ-P4)."""
    with ctx.database.begin() as tx:
        before = tx.people.find_workspace(viewer.workspace_id)
        if before is None:
            raise NotFound("workspace")
        changed = {name: value for name, value in values.items() if getattr(before, name) != value}
        if changed:
            tx.people.update_workspace(viewer.workspace_id, **changed)
            note_act(ctx, tx, viewer, Act.WORKSPACE_CHANGED, fields=",".join(sorted(changed)))
    return read_workspace(ctx, viewer)


def check_admin(viewer: Viewer, what: str) -> None:
    """Raises NotFound for everybody but the workspace's admins."""
    if not viewer.admin:
        raise NotFound(what)


def find_workspace(ctx: Context, slug: str) -> Workspace:
    """For the command line. Raises NotFound."""
    with ctx.database.read() as tx:
        workspace = tx.people.find_workspace_by_slug(slug)
    if workspace is None:
        raise NotFound(f"workspace {slug}")
    return workspace


def list_workspaces(ctx: Context) -> list[Workspace]:
    with ctx.database.read() as tx:
        return tx.people.list_workspaces()


def create_member(
    ctx: Context,
    workspace_id: str,
    *,
    email: str,
    name: str,
    role: str = "admin",
    password: str | None = None,
    locale: str | None = None,
) -> Member:
    """A new member (SJ-P4: one person, one account). Raises Invalid, Conflict, NotFound."""
    if password is not None:
        check_password("password", password)
    hashed = hash_password(password) if password else None
    with ctx.database.begin() as tx:
        return add_member(
            ctx, tx, workspace_id, email=email, name=name, role=role, password_hash=hashed, locale=locale or ""
        )


def add_member(
    ctx: Context,
    tx: Transaction,
    workspace_id: str,
    *,
    email: str,
    name: str,
    role: str,
    password_hash: str | None = None,
    locale: str = "",
) -> Member:
    """The same in the caller's transaction. Raises Invalid, Conflict, NotFound."""
    if role not in ("admin", "member"):
        raise Invalid("role", "Use admin or member.", code="role")
    email = check_outer_email("email", email, reply_domain=ctx.settings.reply_domain)
    workspace = tx.people.find_workspace(workspace_id)
    if workspace is None:
        raise NotFound("workspace")
    if any(m.email == email for m in tx.people.list_members(workspace_id)):
        raise Conflict("member_exists", f"{email} is a member already.")
    language = check_locale("locale", locale, default=workspace.locale)
    member = Member(ctx.new_id(), workspace_id, email, check_name("name", name), role, language)
    tx.people.add_member(member, password_hash=password_hash, now=ctx.now)
    return member


def list_members(ctx: Context, viewer: Viewer) -> list[Member]:
    with ctx.database.read() as tx:
        return tx.people.list_members(viewer.workspace_id)


def hash_secret(secret: str) -> str:
    """How random secrets are stored. They have 256 bits, so a plain SHA-256 suffices."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_password(field: str, password: str) -> None:
    """Raises Invalid."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(
            field,
            f"Use at least {SHORTEST_PASSWORD} characters.",
            code="password_short",
            params={"least": SHORTEST_PASSWORD},
        )


def hash_password(password: str) -> str:
    """As it is stored."""
    return _hasher.hash(password)


def verify_password(hashed: str | None, password: str) -> bool:
    """Compare in the same time whether or not there is a password."""
    try:
        return _hasher.verify(hashed or _DUMMY, password) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


_DUMMY = _hasher.hash(secrets.token_urlsafe(16))


def set_channels(
    ctx: Context,
    viewer: Viewer,
    *,
    channels: Sequence[str] | None = None,
    sms_sender: str | None = None,
    kakao_sender: str | None = None,
) -> Workspace:
    """How this company's candidates are reached, in this order, and as whom; empty values are the installation's.
    Admins only (NotFound for others). Raises Invalid.
    """
    check_admin(viewer, "workspace")
    values: dict[str, object] = {}
    if channels is not None:
        values["channels"] = tuple(check_channels("channels", channels))
    if sms_sender is not None:
        values["sms_sender"] = "".join(c for c in sms_sender if c.isdigit())[:32]
    if kakao_sender is not None:
        values["kakao_sender"] = kakao_sender.strip()[:64]
    return _change_workspace(ctx, viewer, values)
