"""In charge of: the desk, the recruiter's side of the web.

Not in charge of: the candidate's page (`web.portal`).
"""
