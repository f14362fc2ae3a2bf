"""In charge of: the exceptions we raise for faults.

Not in charge of: ordinary outcomes, which are `Decision` values.

GatewayError
├── SettingsError        the operator's: a setting is missing or wrong; the text names it and the remedy
├── NotFound             the caller's: no such thing, or not for this viewer (never says which)
├── Invalid              the caller's: a field is wrong; `.field` and `.remedy` say which and what to do
├── Conflict             the caller's: something newer or something else is in the way; `.code` says what
├── Refused              a policy said no; carries the `Decision`
└── Unavailable          ours, for now: database, broker or disk; the same call may work later
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.threads.decisions import Decision


class GatewayError(Exception):
    """Any fault that the gateway itself names."""


class SettingsError(GatewayError):
    """A setting is missing or wrong. The text names the setting and says what to do."""


class NotFound(GatewayError):
    """There is no such thing, or it is not for this viewer: the caller cannot tell which."""


class Invalid(GatewayError):
    """A value of the caller's is wrong. `field` names it, the text says what is wrong and what to do.

    `message` is ready English. `code` is the sentence `error.<code>` of the catalogues, "" when there is none, and
    `params` are the values that this sentence fills in.
    """

    def __init__(self, field: str, message: str, *, code: str = "", params: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.code = code
        self.params = params or {}


class Conflict(GatewayError):
    """The request met a state that forbids it. `code` is stable and documented in docs/reasons.md.

    `message` is ready English; the catalogues may have it in the viewer's language, as `error.<code>`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Refused(GatewayError):
    """A policy refused what the caller asked for."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason.value)
        self.decision = decision


class Unavailable(GatewayError):
    """Our own trouble, for now. The same call may work later; nothing was stored."""
