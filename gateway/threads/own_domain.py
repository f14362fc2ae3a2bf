"""In charge of: what must stand in DNS for our own reply domain, and what was found there, as plain values.

Not in charge of: asking DNS, or what is right (`inbound.domaincheck`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One record to publish. `value` is "" where only the operator of the mail relay knows it."""

    name: str  # mx | spf | dkim | dmarc
    host: str  # without the dot at the end; "" when it is not known either
    kind: str  # MX | TXT
    value: str

    @property
    def line(self) -> str:
        """As it stands in a zone file."""
        return f"{self.host}. {self.kind} " + (f'"{self.value}"' if self.kind == "TXT" else self.value)


@dataclass(frozen=True, slots=True)
class Check:
    """What DNS says of one thing. `ok` is None when it could not be judged; `remedy` and `code` are "" when all is
    well.
    """

    name: str  # mx | spf | dkim | dmarc | ptr
    ok: bool | None
    found: str
    remedy: str = ""
    code: str = ""  # what is wrong, as the end of a key setup.dns.* of the catalogues
