"""In charge of: secrets that we must be able to read again, sealed with the installation's secret key.

Not in charge of: secrets that we only compare (`accounts.hash_secret`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.errors import SettingsError
from gateway.usecases.context import Context

PURPOSE = b"gateway sealed secrets"
LINK = "link"  # a notice's variable that may let somebody in


def seal(ctx: Context, secret: str) -> str:
    """The secret as a text that says nothing without the secret key."""
    return _box(ctx).encrypt(secret.encode()).decode()


def unseal(ctx: Context, sealed: str) -> str:
    """The secret again; also one that was sealed with an earlier secret key. Raises SettingsError."""
    try:
        return _box(ctx).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SettingsError(
            "A stored secret was sealed with another GATEWAY_SECRET_KEY: name that key in GATEWAY_OLD_SECRET_KEYS."
        ) from None


def seal_link(ctx: Context, variables: Mapping[str, str]) -> dict[str, str]:
    """A notice's variables with their link sealed: until the mail is written, and after it, whoever reads the database
    finds no way in (reliability 60).
    """
    return {**variables, LINK: seal(ctx, variables[LINK])} if LINK in variables else dict(variables)


def open_link(ctx: Context, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that `seal_link` was given. Raises SettingsError."""
    link = variables.get(LINK, "")
    is_sealed = bool(link) and not link.startswith("http")  # else it was queued before links were sealed
    return {**variables, LINK: unseal(ctx, link)} if is_sealed else dict(variables)


def _box(ctx: Context) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key))) for key in ctx.settings.keys])


def _derive(key: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=PURPOSE).derive(key)
