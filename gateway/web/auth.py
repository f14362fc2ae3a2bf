"""In charge of: who asks — the session cookie of the desk.

Not in charge of: sessions themselves (`usecases.sign_in`).

The cookie is random and means nothing by itself; signing out makes it dead at once. `__Host-` pins it to this host and
to https (RFC 6265bis §4.1.3.2); over plain http, as in the demo, browsers refuse that prefix.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.threads.model import Viewer
from gateway.threads.networks import name_network, read_address
from gateway.usecases import sign_in
from gateway.usecases.context import Context

# The first mark that is in the User-Agent counts: most browsers name others, too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Whale", "Whale"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def cookie_name(ctx: Context) -> str:
    """The session cookie's name for this installation."""
    return "__Host-gateway" if is_https(ctx) else "gateway"


def is_https(ctx: Context) -> bool:
    """Do people reach us by https?"""
    return ctx.settings.public_url.startswith("https://")


def session_token(request: Request, ctx: Context) -> str:
    """The session token that the browser sent, or ""."""
    return request.cookies.get(cookie_name(ctx), "")


def viewer_of(request: Request, ctx: Context) -> Viewer | None:
    """The member whose session this is, or None. Reads the database: call it in a thread."""
    token = session_token(request, ctx)
    return sign_in.viewer_for_session(ctx, token) if token else None


def set_session(response: Response, ctx: Context, token: str) -> None:
    """Make the browser keep the session."""
    response.set_cookie(
        cookie_name(ctx),
        token,
        max_age=ctx.settings.session_days * 86_400,
        path="/",
        secure=is_https(ctx),
        httponly=True,
        samesite="lax",
    )


def clear_session(response: Response, ctx: Context) -> None:
    """Make the browser forget the session."""
    response.delete_cookie(cookie_name(ctx), path="/", secure=is_https(ctx), httponly=True, samesite="lax")


def attempt_of(request: Request, ctx: Context) -> str:
    """The sealed sign-in that this browser began at its company, or ""."""
    return request.cookies.get(f"{cookie_name(ctx)}-company", "")


def set_attempt(response: Response, ctx: Context, sealed: str) -> None:
    """Keep it until the browser comes back; Lax lets it come back with the company's redirect."""
    name, secure = f"{cookie_name(ctx)}-company", is_https(ctx)
    response.set_cookie(name, sealed, max_age=600, path="/", secure=secure, httponly=True, samesite="lax")


def clear_attempt(response: Response, ctx: Context) -> None:
    name, secure = f"{cookie_name(ctx)}-company", is_https(ctx)
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def name_client(request: Request) -> str:
    """What a person recognises a browser by, for the list of their sessions: its kind, its system, its address."""
    agent = request.headers.get("user-agent", "")
    kinds = [name for mark, name in BROWSERS if mark in agent][:1] + [name for mark, name in SYSTEMS if mark in agent][
        :1
    ]
    where = request.client.host if request.client else ""
    return ", ".join([*kinds, *([where] if where else [])])


def network_of(request: Request) -> str:
    """Where a request comes from, as tries to sign in are counted by it; "" inside of private networks: there may be a
    proxy that we were not told of (`trusted_proxies`), with everybody behind it.
    """
    address = read_address(request.client.host) if request.client else None
    return name_network(address) if address and address.is_global else ""


def safe_next(path: str) -> str:
    """Where to go after signing in: a path of the desk, never another host."""
    ours = path.startswith("/desk") and "\\" not in path and not any(ord(c) < 33 for c in path)
    return path if ours else "/desk"
