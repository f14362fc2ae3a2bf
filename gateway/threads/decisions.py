"""In charge of: what a policy may answer, and the closed list of reasons with their meaning for people and peers.

Not in charge of: the rules themselves (`policies/`), nor the words in other languages (`gateway/locales`, key
`reason.*`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    ALLOW = "allow"
    HOLD = "hold"  # kept for a person to decide; visible in the review queue
    REFUSE = "refuse"  # not taken into the thread; the sender is told
    IGNORE = "ignore"  # kept, shown small, never answered


class Reason(StrEnum):
    """Every why, once. The value is what rows, logs, metrics and the API carry."""

    OK = "ok"
    # refused
    THREAD_BLOCKED = "thread_blocked"
    THREAD_ERASED = "thread_erased"
    EVALUATOR = "evaluator"
    NO_ROLE = "no_role"
    # held
    OTHER_SENDER = "other_sender"
    UNPROVEN_SENDER = "unproven_sender"
    UNPROVEN_RECRUITER = "unproven_recruiter"
    FAILED_PROOF = "failed_proof"
    AMBIGUOUS_SENDER = "ambiguous_sender"
    TOO_MANY = "too_many"
    INFECTED = "infected"
    NOT_SCANNED = "not_scanned"
    DISOWNED = "disowned"
    NO_ACCESS = "no_access"  # also of a delivery
    # unmatched
    NO_THREAD = "no_thread"
    SEVERAL_THREADS = "several_threads"
    FOR_POSTMASTER = "for_postmaster"
    # ignored
    AUTOMATIC_REPLY = "automatic_reply"
    BOUNCE = "bounce"
    OWN_MAIL = "own_mail"
    DUPLICATE = "duplicate"
    BULK_MAIL = "bulk_mail"
    COMPLAINT = "complaint"
    READ_RECEIPT = "read_receipt"
    CALENDAR_ANSWER = "calendar_answer"
    EMPTY_MAIL = "empty_mail"
    # failed
    UNREADABLE = "unreadable"
    # by hand
    DISCARDED = "discarded"
    RELEASED = "released"
    # deliveries
    NO_ADDRESS = "no_address"
    SUPPRESSED = "suppressed"
    CHANNEL_OFF = "channel_off"
    CANCELLED = "cancelled"
    UNDONE = "undone"
    WROTE_FIRST = "wrote_first"
    STAGE_CHANGED = "stage_changed"
    OPTED_OUT = "opted_out"
    NOT_MOBILE = "not_mobile"
    NO_TEMPLATE = "no_template"
    NOT_FOR_ADVERTISING = "not_for_advertising"
    NO_CONSENT = "no_consent"
    LATE_SUCCESS = "late_success"
    NEXT_CHANNEL = "next_channel"
    SWITCHED_OFF = "switched_off"
    OUTSIDE_HOURS = "outside_hours"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reason means: `sentence` in English for people, `http` status for a refused request."""

    sentence: str
    http: int = 409


MEANINGS: dict[Reason, Meaning] = {
    Reason.OK: Meaning("Taken into the conversation.", 200),
    Reason.THREAD_BLOCKED: Meaning("The candidate was rejected, so they can no longer write here.", 403),
    Reason.THREAD_ERASED: Meaning("The applicant's data were erased.", 409),
    Reason.EVALUATOR: Meaning(
        "The writer evaluates in this opening: they write notes, and managers write to the candidate.", 403
    ),
    Reason.NO_ROLE: Meaning("This member's role does not allow it: an admin of the opening or the workspace can.", 403),
    Reason.OTHER_SENDER: Meaning("It came to a personal reply address, but from somebody else's address."),
    Reason.UNPROVEN_SENDER: Meaning("We could not prove that the sender's address is genuine."),
    Reason.UNPROVEN_RECRUITER: Meaning(
        "It claims to come from a recruiter, but the sender's address is not proven. It was not passed on."
    ),
    Reason.FAILED_PROOF: Meaning("The sender's domain says that this mail is not genuine."),
    Reason.AMBIGUOUS_SENDER: Meaning("The mail names no sender, or several."),
    Reason.TOO_MANY: Meaning("Too many mails came from this sender in a short time.", 429),
    Reason.INFECTED: Meaning("The virus scanner found something in it."),
    Reason.NOT_SCANNED: Meaning("The virus scanner did not answer, so it was not let in. Try it again later."),
    Reason.DISOWNED: Meaning("The candidate was asked, and says that they did not write it."),
    Reason.NO_ACCESS: Meaning(
        "This colleague can no longer open the conversation: their access was removed, or it is not their opening."
    ),
    Reason.NO_THREAD: Meaning("We do not know this sender, and the mail names no conversation."),
    Reason.SEVERAL_THREADS: Meaning("The sender has several open conversations."),
    Reason.FOR_POSTMASTER: Meaning("It was written to the postmaster or abuse address."),
    Reason.AUTOMATIC_REPLY: Meaning("An automatic reply. Nobody was notified."),
    Reason.BOUNCE: Meaning("A report that one of our mails was not delivered."),
    Reason.OWN_MAIL: Meaning("One of our own mails that came back to us."),
    Reason.DUPLICATE: Meaning("The same mail came a second time."),
    Reason.BULK_MAIL: Meaning("A newsletter or list mail. Nobody was notified."),
    Reason.COMPLAINT: Meaning("A reader called our mail spam. Nothing more is sent there."),
    Reason.READ_RECEIPT: Meaning("A read receipt. Nobody was notified."),
    Reason.CALENDAR_ANSWER: Meaning("An answer to an invitation. Nobody was notified."),
    Reason.EMPTY_MAIL: Meaning("The mail holds neither text nor files."),
    Reason.UNREADABLE: Meaning("The mail could not be read. The raw mail is kept and can be tried again."),
    Reason.DISCARDED: Meaning("Somebody decided to ignore it."),
    Reason.RELEASED: Meaning("Somebody put it into the conversation."),
    Reason.NO_ADDRESS: Meaning("There is no address for this channel."),
    Reason.SUPPRESSED: Meaning("Earlier mail to this address came back as undeliverable."),
    Reason.CHANNEL_OFF: Meaning("This channel is switched off."),
    Reason.CANCELLED: Meaning("It was cancelled before it went out."),
    Reason.UNDONE: Meaning("It was taken back before it went out."),
    Reason.WROTE_FIRST: Meaning("The candidate wrote before it was to go out."),
    Reason.STAGE_CHANGED: Meaning("The applicant moved to another stage before it was to go out."),
    Reason.OPTED_OUT: Meaning("This person asked for no more messages by this channel."),
    Reason.NOT_MOBILE: Meaning("This is no mobile number, so neither KakaoTalk nor SMS reaches it."),
    Reason.NO_TEMPLATE: Meaning("There is no approved KakaoTalk template for this message in this language."),
    Reason.NOT_FOR_ADVERTISING: Meaning("KakaoTalk AlimTalk must not carry advertising."),
    Reason.NO_CONSENT: Meaning("This person has not agreed to advertising by this way."),
    Reason.LATE_SUCCESS: Meaning(
        "It arrived after all, after the next channel had been used: there may be two copies."
    ),
    Reason.NEXT_CHANNEL: Meaning("It was sent by the next channel instead."),
    Reason.SWITCHED_OFF: Meaning("This colleague wants no mail of this kind; the desk tells them."),
    Reason.OUTSIDE_HOURS: Meaning("It is outside this colleague's receiving hours; it comes when they begin."),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy decided, and why. `detail` is for us and for the desk, never for the peer."""

    verdict: Verdict
    reason: Reason = Reason.OK
    detail: str = ""

    @property
    def allowed(self) -> bool:
        return self.verdict is Verdict.ALLOW


ALLOW = Decision(Verdict.ALLOW)


def hold(reason: Reason, detail: str = "") -> Decision:
    """Keep it for a person to decide."""
    return Decision(Verdict.HOLD, reason, detail)


def refuse(reason: Reason, detail: str = "") -> Decision:
    """Do not take it, and tell the sender."""
    return Decision(Verdict.REFUSE, reason, detail)


def ignore(reason: Reason, detail: str = "") -> Decision:
    """Keep it, show it small, answer nothing."""
    return Decision(Verdict.IGNORE, reason, detail)


def first_objection(*decisions: Decision) -> Decision:
    """The first decision that does not allow, else an allowance that keeps the last detail (a mark)."""
    for decision in decisions:
        if not decision.allowed:
            return decision
    return next((d for d in reversed(decisions) if d.detail), ALLOW)
