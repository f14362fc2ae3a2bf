"""In charge of: signing in with the company's own account — OpenID Connect Core 1.0, the code flow with PKCE.

Not in charge of: reading the provider's addresses (`outbound.fetch`), cookies (`web.desk.sign_in`).

The provider says who somebody is, not who may come in: only active members of the workspace do, by an address that the
provider has verified. State, nonce and verifier travel sealed in the browser's cookie, so that an answer counts only in
the browser that asked (Core §3.1.2.1, RFC 7636, RFC 9700 §2.1.1).
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from urllib.parse import quote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.errors import Conflict, Invalid, NotFound, SettingsError
from gateway.store.sign_ins import Provider
from gateway.threads.audit import Act
from gateway.threads.model import Viewer
from gateway.usecases.accounts import check_admin
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.sealing import seal, unseal
from gateway.usecases.sign_in import open_session, viewer_of_member

LIFE = timedelta(minutes=10)
A_MINUTE = 60  # sign-ins that one network may begin at a workspace's provider: each makes us ask it
LEEWAY = 60  # seconds that the provider's clock may be off
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]  # signed by the provider's own key
BACK = "/sign-in/company/back"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way."""

    workspace_id: str
    state: str
    nonce: str
    verifier: str
    at: float


def read_provider(ctx: Context, viewer: Viewer) -> Provider | None:
    """The workspace's provider, for its admins. Raises NotFound."""
    check_admin(viewer, "company sign-in")
    with ctx.database.read() as tx:
        return tx.sign_ins.provider(viewer.workspace_id)


def set_provider(ctx: Context, viewer: Viewer, *, issuer: str, client_id: str, secret: str) -> None:
    """Let members sign in there; an empty secret keeps the one that is known. Raises NotFound, Invalid."""
    check_admin(viewer, "company sign-in")
    issuer, client_id, secret = issuer.strip(), client_id.strip()[:500], secret.strip()[:1000]
    parts = urlsplit(issuer[:1000])
    plain = parts.scheme == "http" and ctx.settings.webhook_private_addresses
    if not ((parts.scheme == "https" or plain) and parts.hostname) or parts.query or parts.fragment:
        raise Invalid("issuer", "Give the provider's address, as https://login.example.com.", code="issuer")
    if not client_id:
        raise Invalid("client_id", "Give the client id that the provider shows.", code="client_id")
    if _discover(ctx, issuer) is None:
        raise Invalid("issuer", "This address gives no OpenID Connect configuration: check it.", code="issuer_silent")
    with ctx.database.begin() as tx:
        known = tx.sign_ins.provider(viewer.workspace_id)
        if not secret and known is None:
            raise Invalid("secret", "Give the client secret that the provider shows.", code="client_secret")
        sealed = seal(ctx, secret) if secret or known is None else known.secret
        tx.sign_ins.put_provider(Provider(viewer.workspace_id, issuer, client_id, sealed), now=ctx.now)
        note_act(ctx, tx, viewer, Act.COMPANY_SIGN_IN_ON)


def remove_provider(ctx: Context, viewer: Viewer) -> None:
    """Raises NotFound."""
    check_admin(viewer, "company sign-in")
    with ctx.database.begin() as tx:
        tx.sign_ins.drop_provider(viewer.workspace_id)
        note_act(ctx, tx, viewer, Act.COMPANY_SIGN_IN_OFF)


def only_company(ctx: Context) -> str:
    """The short name of the workspace with a provider, when there is one only: the sign-in page offers it."""
    with ctx.database.read() as tx:
        return tx.sign_ins.only_company()


def begin_sign_in(ctx: Context, slug: str, *, network: str = "") -> tuple[str, str]:
    """Where to send the browser, and the sealed attempt for its cookie. `network`: where it comes from, so that a
    stranger who begins often keeps nobody else out. Raises NotFound, Conflict.
    """
    with ctx.database.begin() as tx:
        workspace = tx.people.find_workspace_by_slug(slug)
        provider = tx.sign_ins.provider(workspace.id) if workspace else None
        if provider is None:
            raise NotFound("company sign-in")
        if tx.limits.count(f"company:{provider.workspace_id} {network}", now=ctx.now, seconds=60) > A_MINUTE:
            raise Conflict("too_many", "Too many tries. Wait a minute.")
    about = _discover(ctx, provider.issuer)
    if about is None:
        raise _failed()
    attempt = Attempt(
        provider.workspace_id,
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        at=ctx.now.timestamp(),
    )
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": ctx.settings.public_url + BACK,
        "scope": "openid email",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": create_s256_code_challenge(attempt.verifier),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(str(about["authorization_endpoint"])).query else "?"
    return f"{about['authorization_endpoint']}{joint}{urlencode(asked)}", seal(ctx, json.dumps(asdict(attempt)))


def finish_sign_in(ctx: Context, sealed: str, *, state: str, code: str, client: str = "") -> str:
    """A session token. Raises Conflict (`company_failed`, `company_unknown`)."""
    attempt = _read_attempt(ctx, sealed)
    if attempt is None or not code or not hmac.compare_digest(attempt.state.encode(), state.encode()):
        raise _failed()
    with ctx.database.read() as tx:
        provider = tx.sign_ins.provider(attempt.workspace_id)
    about = _discover(ctx, provider.issuer) if provider else None
    if provider is None or about is None:
        raise _failed()
    claims = _ask_who(ctx, provider, about, attempt=attempt, code=code)
    email = str(claims.get("email", "")).strip().lower()
    verified = claims.get("email_verified") in (True, "true")
    with ctx.database.begin() as tx:
        logins = tx.people.find_logins(email) if email and verified else []
        member = next((m for m, _ in logins if m.workspace_id == attempt.workspace_id), None)
        if member is None:
            raise Conflict("company_unknown", "Nobody is invited here with this address: ask an admin to invite you.")
        token = open_session(ctx, tx, member, client=client, way="company")
        note_act(ctx, tx, viewer_of_member(member), Act.SIGN_IN, by="company")
    return token


def _ask_who(
    ctx: Context, provider: Provider, about: Mapping[str, object], *, attempt: Attempt, code: str
) -> Mapping[str, object]:
    """The claims of the ID token for this code, checked (Core §3.1.3.7). Raises Conflict."""
    assert ctx.fetch is not None
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": ctx.settings.public_url + BACK,
        "code_verifier": attempt.verifier,
    }
    headers, secret = {}, unseal(ctx, provider.secret)
    ways = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if isinstance(ways, list) and "client_secret_basic" in ways:
        pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"  # RFC 6749 §2.3.1
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": provider.client_id, "client_secret": secret}
    answer = ctx.fetch(str(about["token_endpoint"]), form=form, headers=headers)
    keys = ctx.fetch(str(about["jwks_uri"])) if answer else None
    if answer is None or keys is None:
        raise _failed()
    checks = jwt.JWTClaimsRegistry(
        now=int(ctx.now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": attempt.nonce},
    )
    try:
        token = jwt.decode(str(answer.get("id_token", "")), KeySet.import_key_set(dict(keys)), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        checks.validate(token.claims)
    except (JoseError, ValueError, TypeError, KeyError):
        raise _failed() from None
    if token.claims.get("azp", provider.client_id) != provider.client_id:
        raise _failed()
    return token.claims


def _discover(ctx: Context, issuer: str) -> Mapping[str, object] | None:
    """The provider's own description (Discovery 1.0 §4); None if it is none, or somebody else's."""
    if ctx.fetch is None:
        return None
    found = ctx.fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found is None or found.get("issuer") != issuer:
        return None
    places = [str(found.get(n, "")) for n in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    return found if all(urlsplit(p).scheme == urlsplit(issuer).scheme for p in places) else None


def _read_attempt(ctx: Context, sealed: str) -> Attempt | None:
    try:
        attempt = Attempt(**json.loads(unseal(ctx, sealed[:4000])))
    except (SettingsError, ValueError, TypeError):
        return None
    return attempt if ctx.now.timestamp() - attempt.at < LIFE.total_seconds() else None


def _failed() -> Conflict:
    return Conflict("company_failed", "The sign-in at your company did not work. Begin again, or ask an admin.")
