"""In charge of: what a conversation is, and every decision about it. Pure: no I/O, no clock, no random, no environment.

The words (docs/glossary.md):
workspace (a company) · opening (a job) · applicant (one person's application to one opening) · thread (exactly one
per applicant) · participant (a person in a thread) · mail (raw RFC 5322) · message (an utterance in a thread) ·
note (internal message) · delivery (one message to one person by one channel) · attempt · receipt (what a provider or
DSN says later) · notice (message from a template) · inbox entry (a mail as received, before we believe any of it) ·
decision (allow, hold, refuse, ignore + reason).
"""
