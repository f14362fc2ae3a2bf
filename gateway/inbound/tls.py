"""In charge of: the certificate that STARTTLS shows.

Not in charge of: the SMTP dialogue around it (`smtp`).
"""

from __future__ import annotations

import logging
import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.errors import SettingsError

log = logging.getLogger("gateway.inbound.tls")


def load_context(cert: Path, key: Path) -> ssl.SSLContext:
    """A server context for a PEM chain and its key, TLS 1.2 and up. Changed files are used from the next handshake on.

    Raises SettingsError if the files cannot be read or do not belong together; later faults keep what was loaded.
    """
    try:
        current, stamp = _load(cert, key), _read_stamp(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"The TLS certificate {cert} and key {key} cannot be used ({type(error).__name__}). "
            "Give a PEM chain and the key that belongs to it."
        ) from error
    outer = _new_context()

    def choose(tls: ssl.SSLObject, _server_name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal current, stamp
        try:
            now = _read_stamp(cert, key)
            if now != stamp:
                stamp = now
                current = _load(cert, key)
                log.info("TLS certificate loaded anew")
        except (OSError, ssl.SSLError) as error:
            log.error("changed TLS certificate cannot be used: %s", type(error).__name__)
        tls.context = current

    # Called with and without SNI. A live context is never reloaded: a key that does not fit would spoil it.
    outer.sni_callback = choose
    outer.load_cert_chain(cert, key)
    return outer


def self_signed_context(hostname: str) -> ssl.SSLContext:
    """A server context with a new self-signed certificate for `hostname`, valid a year. Leaves no file behind."""
    certificate, private_key = _make_certificate(hostname)
    with tempfile.TemporaryDirectory() as folder:
        cert, key = Path(folder, "cert.pem"), Path(folder, "key.pem")
        cert.write_bytes(certificate)
        key.touch(mode=0o600)
        key.write_bytes(private_key)
        return _load(cert, key)


def _new_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    return context


def _load(cert: Path, key: Path) -> ssl.SSLContext:
    context = _new_context()
    context.load_cert_chain(cert, key)
    return context


def _read_stamp(cert: Path, key: Path) -> tuple[int, int, int, int]:
    a, b = os.stat(cert), os.stat(key)
    return a.st_mtime_ns, a.st_ino, b.st_mtime_ns, b.st_ino


def _make_certificate(hostname: str) -> tuple[bytes, bytes]:
    """(certificate, private key) as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
