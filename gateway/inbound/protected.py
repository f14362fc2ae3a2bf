"""In charge of: recognising signed and encrypted mail (S/MIME, RFC 8551; OpenPGP, RFC 3156 and RFC 9580).

Not in charge of: checking a signature or decrypting anything: we hold nobody's keys, and a mark here proves nothing.
"""

from __future__ import annotations

import re

SIGNATURE_TYPES = {
    "application/pkcs7-signature": "signed: smime",
    "application/x-pkcs7-signature": "signed: smime",
    "application/pgp-signature": "signed: pgp",
}
PGP_CONTROL_TYPE = "application/pgp-encrypted"  # holds "Version: 1" and nothing else (RFC 3156 §4)
_ENVELOPE_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
PROTECTING_TYPES = frozenset({*SIGNATURE_TYPES, PGP_CONTROL_TYPE, *_ENVELOPE_TYPES})  # `name_protection` names these

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END = "-----END PGP SIGNATURE-----"
_ENCRYPTED = "-----BEGIN PGP MESSAGE-----"
_DASH_ESCAPE = re.compile(r"^- ", re.MULTILINE)
_ARMOUR_HEADERS = re.compile(r"[ \t]*\r?\n(?:[A-Za-z-]{1,40}: [^\r\n]*\r?\n)*+[ \t]*\r?\n")


def name_protection(kind: str, smime_type: str) -> str:
    """What a part of this content type says of the mail: "signed: …", "encrypted: …", or "" for nothing.

    An S/MIME envelope counts as encrypted unless its smime-type says that it is signed only (RFC 8551 §3.2.2).
    """
    if kind == PGP_CONTROL_TYPE:
        return "encrypted: pgp"
    if kind in _ENVELOPE_TYPES:
        return "signed: smime" if smime_type.lower() in ("signed-data", "certs-only") else "encrypted: smime"
    return SIGNATURE_TYPES.get(kind, "")


def open_clearsigned(text: str) -> tuple[str, str]:
    """The text without the armour of a cleartext signature (RFC 9580 §7), and the mark of it or of a PGP message.

    Words around the armour stay. Armour that is not whole stays as it is.
    """
    if "-----BEGIN PGP " not in text:
        return text, ""
    start = text.find(_SIGNED)
    words = _ARMOUR_HEADERS.match(text, start + len(_SIGNED)) if start >= 0 else None
    stop = text.find(_SIGNATURE, words.end()) if words else -1
    end = text.find(_SIGNATURE_END, stop) if stop >= 0 else -1
    if words is None or end < 0:
        return text, "encrypted: pgp" if _ENCRYPTED in text else ""
    signed = _DASH_ESCAPE.sub("", text[words.end() : stop])
    return text[:start] + signed + text[end + len(_SIGNATURE_END) :].lstrip("\r\n"), "signed: pgp"
