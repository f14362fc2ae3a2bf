"""In charge of: an identity provider as OpenID Connect Core 1.0 and Discovery 1.0 describe it, for one client.

Not in charge of: its login page: `log_in` is what the browser and a person would do there.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from simulators.server import Call, Reply, Simulator

CLIENT, SECRET = "gateway", "s3cret of the client"


class IdentityProvider(Simulator):
    """Codes work once, for the address and the verifier that asked. `spoil` changes claims of the next ID tokens."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self.now = now
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256", "use": "sig"})
        self.signs_with = self.key
        self.spoil: dict[str, Any] = {}
        self.issuer = self.url
        self._codes: dict[str, dict[str, Any]] = {}

    def log_in(self, address: str, *, email: str, verified: bool = True) -> dict[str, str]:
        """What the browser brings back from the authorization endpoint (§3.1.2.5): code and state."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert address.startswith(f"{self.url}/authorize?")
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = {**asked, "email": email, "email_verified": verified}
        return {"code": code, "state": asked["state"]}

    def answer(self, call: Call) -> Reply:
        match call.path:
            case "/.well-known/openid-configuration":
                return 200, {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "jwks_uri": f"{self.url}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                }
            case "/keys":
                return 200, {"keys": [self.key.as_dict(private=False)]}
            case "/token":
                return self._token(call)
        return 404, {}

    def _token(self, call: Call) -> Reply:
        pair = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        if call.headers.get("authorization") != f"Basic {pair}":
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(str(call.body.get("code")), None)
        digest = hashlib.sha256(str(call.body.get("code_verifier", "")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = asked and asked["code_challenge"] == challenge and asked["redirect_uri"] == call.body["redirect_uri"]
        if not asked or not right or call.body.get("grant_type") != "authorization_code":
            return 400, {"error": "invalid_grant"}
        now = int(self.now())
        claims = {"iss": self.issuer, "sub": "u1", "aud": CLIENT, "iat": now, "exp": now + 300}
        claims |= {n: asked[n] for n in ("nonce", "email", "email_verified")} | self.spoil
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.signs_with)
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": token}
