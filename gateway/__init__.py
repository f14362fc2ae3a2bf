"""The candidate conversation gateway: things come in, become messages in a thread, and leave as deliveries.

One applicant has one thread. Mail (SMTP), the candidate's page, the desk and the API write to it through the
same use cases; what must reach a person leaves through the deliveries table. See ARCHITECTURE.md.
"""

__version__ = "0.1.0"
