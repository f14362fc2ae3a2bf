"""In charge of: what the SMTP front says, word for word. Not in charge of: when it says it (`smtp_commands`).

Codes after RFC 5321 §4.2, enhanced codes after RFC 3463 and RFC 2034. 4xx is for our own troubles, 5xx only for
what the sender must change. No text here is ever built from an exception.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RcptAnswer:
    """The answer to one RCPT. `text` begins with the enhanced code; anything but 2xx leaves the recipient out."""

    code: int
    text: str

    @property
    def line(self) -> str:
        """The reply as one line, without its line end; white space is folded, so that no text can start a new line."""
        return f"{self.code} {' '.join(self.text.split())}"


RCPT_OK = RcptAnswer(250, "2.1.5 recipient ok")
NO_SUCH_ADDRESS = RcptAnswer(550, "5.1.1 no such address here")
RELAY_DENIED = RcptAnswer(550, "5.7.1 relaying denied")
THREAD_CLOSED = RcptAnswer(550, "5.7.1 this conversation takes no more mail")
BAD_RECIPIENT = RcptAnswer(501, "5.1.3 malformed recipient address")
TRY_LATER = RcptAnswer(451, "4.3.0 temporary trouble here, try again later")

OK = "250 2.0.0 ok"
SENDER_OK = "250 2.1.0 sender ok"
CHUNK_OK = "250 2.0.0 chunk taken"
BYE = "221 2.0.0 bye"
CANNOT_VERIFY = "252 2.5.0 cannot verify, send the mail"
SEND_DATA = "354 end data with <CR><LF>.<CR><LF>"
START_TLS = "220 2.0.0 ready to start TLS"

COMMIT_FAILED = TRY_LATER.line
DISK_FULL = "452 4.3.1 no room for this mail now, try again later"
TOO_MANY_RECIPIENTS = "452 4.5.3 too many recipients, send the rest in another transaction"
TOO_MANY_MAILS = "451 4.7.1 too many mails from your address, try again later"
NO_TLS = "454 4.7.0 TLS not available"

SHUTTING_DOWN = "421 4.3.2 shutting down, try again later"
TROUBLE = "421 4.3.0 temporary trouble here, try again later"
TIMED_OUT = "421 4.4.2 timed out"
TOO_MANY_CONNECTIONS = "421 4.7.0 too many connections, try again later"
TOO_MANY_WRONG_RECIPIENTS = "421 4.7.0 too many unknown recipients"
TOO_MANY_ERRORS = "421 4.7.0 too many errors"
TOO_MANY_COMMANDS = "421 4.7.0 too many commands without a mail"
NOT_SMTP = "421 4.7.0 this is an SMTP server"

BAD_LINE_END = "500 5.5.2 command must end in CRLF and hold no bare CR, LF, NUL or control character"
BAD_CHARSET = "500 5.5.2 command is neither ASCII nor UTF-8"
LINE_TOO_LONG = "500 5.5.2 command line too long"
UNKNOWN_COMMAND = "500 5.5.1 command unknown"
NOT_IMPLEMENTED = "502 5.5.1 command not implemented"
BAD_ARGUMENTS = "501 5.5.4 wrong or missing argument"
BAD_MAIL_SYNTAX = "501 5.5.2 syntax: MAIL FROM:<address>"
BAD_RCPT_SYNTAX = "501 5.5.2 syntax: RCPT TO:<address>"
BAD_SENDER = "501 5.1.7 malformed sender address"
NEEDS_SMTPUTF8 = "553 5.6.7 address is not ASCII and SMTPUTF8 was not asked for"
BAD_PARAMETER = "555 5.5.4 parameter not recognised or not implemented"
NEED_HELO = "503 5.5.1 say EHLO or HELO first"
NEED_MAIL = "503 5.5.1 need MAIL first"
NEED_RCPT = "503 5.5.1 need a valid RCPT first"
NESTED_MAIL = "503 5.5.1 a transaction is open already"
IN_CHUNKS = "503 5.5.1 BDAT has begun; go on with BDAT or RSET"
ALREADY_TLS = "503 5.5.1 TLS is active already"
TALKED_TOO_EARLY = "503 5.5.0 data sent before our answer"
TALKED_BEFORE_GREETING = "554 5.5.0 data sent before our greeting"
NOT_A_TRUSTED_PROXY = "554 5.7.1 this port is for our proxy only"
TOO_BIG = "552 5.3.4 mail is larger than we take"
BARE_LINE_END = "550 5.6.0 mail holds a bare CR, bare LF or NUL; lines must end in CRLF"
LONG_LINE = "550 5.6.0 mail holds a line longer than we take"
TOO_MANY_HOPS = "554 5.4.6 too many hops, probably a loop"


def accepted(identifier: str) -> str:
    """The only reply that means: raw bytes, envelope and inbox row are committed (RFC 5321 §4.2.5, §6.1)."""
    return f"250 2.0.0 {identifier} accepted"
