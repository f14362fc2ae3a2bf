"""In charge of: the tables of companies, their people, and how these come in."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from gateway.store.tables.columns import UtcTime, id_column, metadata, ref_column, text_column

workspaces = Table(
    "workspaces",
    metadata,
    id_column(),
    Column("slug", String(63), nullable=False, unique=True),  # local part of the visible sender address (GW-3)
    text_column("name"),
    text_column("public_contact"),  # where rejected candidates are pointed to (SJ-16)
    Column("privacy_url", Text, nullable=False, default="", server_default=""),  # of the company's privacy policy
    Column("locale", String(16), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("brand", String(7), nullable=False),
    Column("channels", JSON, nullable=False, default=list, server_default="[]"),  # [] = the installation's order
    Column("sms_sender", String(32), nullable=False, default="", server_default=""),
    Column("kakao_sender", String(64), nullable=False, default="", server_default=""),
    Column("logo", String(64), nullable=False, default="", server_default=""),  # a blob's digest
    Column("logo_width", Integer, nullable=False, default=0, server_default="0"),  # pixels, as the height
    Column("logo_height", Integer, nullable=False, default=0, server_default="0"),
    Column("old_logos", JSON, nullable=False, default=list, server_default="[]"),  # digests of earlier ones
    Column("own_openings_only", Boolean, nullable=False, default=False, server_default=false()),
    Column("keep_days", Integer),  # after its last message a conversation is erased; none: not by itself
    Column("setup_step", String(16), nullable=False, default="", server_default=""),  # "" = nothing to go on with
    Column("tests_sent", JSON, nullable=False, default=dict, server_default="{}"),  # channel -> newest delivery
    Column("created_at", UtcTime, nullable=False),
)

members = Table(
    "members",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    Column("email", String(320), nullable=False),  # lower case
    text_column("name"),
    Column("role", String(16), nullable=False),  # admin | member
    Column("locale", String(16), nullable=False),
    Column("password_hash", Text),
    Column("active", Boolean, nullable=False, default=True),
    Column("totp_secret", Text, nullable=False, default="", server_default=""),  # sealed; "" = no second step
    Column("totp_step", BigInteger, nullable=False, default=0, server_default="0"),  # newest used: none works twice
    Column("recovery_codes", JSON, nullable=False, default=list, server_default="[]"),  # hashes
    Column("undo_seconds", Integer),  # how long their messages can be taken back; none: the installation's
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace_id", "email"),
    Index(None, "email"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),  # sha256 of the cookie's value
    ref_column("member_id", "members.id", index=True),
    text_column("client"),
    Column("way", String(16), nullable=False, default="", server_default=""),  # password | link | company | demo
    Column("pending", Boolean, nullable=False, default=False, server_default=false()),  # waits for the second step
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("expires_at", UtcTime, nullable=False),
)

opening_members = Table(  # who takes part in which opening, and as what
    "opening_members",
    metadata,
    Column("opening_id", String(26), ForeignKey("openings.id"), primary_key=True),
    Column("member_id", String(26), ForeignKey("members.id"), primary_key=True, index=True),
    Column("role", String(16), nullable=False),  # admin | manager | evaluator
)

identity_providers = Table(  # where a company's members sign in with their company's account (OpenID Connect)
    "identity_providers",
    metadata,
    Column("workspace_id", String(26), ForeignKey("workspaces.id"), primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("secret", Text, nullable=False),  # sealed
    Column("created_at", UtcTime, nullable=False),
)

login_links = Table(
    "login_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    ref_column("member_id", "members.id", index=True),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    text_column("name"),
    Column("hash", String(64), nullable=False, unique=True),  # sha256 of the key; the key itself is shown once
    Column("scopes", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
)
