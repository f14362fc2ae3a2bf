"""In charge of: a result code as what the core understands. Not in charge of: what codes mean (`threads.results`)."""

from __future__ import annotations

from gateway.threads.channel import Accepted, Failed, Fault, Receipt, ReceiptStatus, Retry, SendResult, Unknown
from gateway.threads.results import Kind, read_result

_STATUS = {
    Kind.OK: ReceiptStatus.DELIVERED,
    Kind.PENDING: ReceiptStatus.PENDING,
    Kind.UNCONFIRMED: ReceiptStatus.UNCONFIRMED,
}


def judge_send(space: str, code: object, words: object, *, provider_id: str = "") -> SendResult:
    """The result of a message whose provider answered with this code and these words."""
    result, why = read_result(space, str(code)), _words(words, code)
    match result.kind:
        case Kind.OK | Kind.PENDING:
            return Accepted(provider_id)
        case Kind.RETRY:
            return Retry(result.code, why)
        case Kind.UNCONFIRMED:
            return Unknown(why)
        case Kind.CONFIG:
            return Failed(result.code, why, Fault.CONFIG)
        case Kind.PERMANENT:
            return Failed(result.code, why)


def judge_report(space: str, code: object, words: object, *, delivery_id: str = "", provider_id: str = "") -> Receipt:
    """The news that a report with this code is."""
    result = read_result(space, str(code))
    status = _STATUS.get(result.kind, ReceiptStatus.FAILED)
    told = "" if result.kind in (Kind.OK, Kind.PENDING) else result.code
    return Receipt(status, delivery_id, provider_id, told, _words(words, code), again=result.kind is Kind.RETRY)


def _words(words: object, code: object) -> str:
    return str(words)[:300] if words else f"The provider answered with code {code}."
