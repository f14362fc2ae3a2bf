"""In charge of: the edge to browsers — the candidate's page, the desk, the streams and the files they need.

Not in charge of: the ATS's JSON API (`web/api`), rules (`threads`) or words (`gateway/locales`). The only home of
starlette, uvicorn and sse-starlette.
"""
