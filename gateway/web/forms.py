"""In charge of: reading the form of a post: its text fields and its files, whoever sends it, in bounded time.

Not in charge of: the size of a whole request (`security.Guard`), or what a field means (`visits`).

The text of a form is UTF-8. A sender's own `charset` is not obeyed: some of Python's codecs need the square of a text's
length (`punycode`), others make text that cannot be stored (`unicode_escape`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.threads.channel import OutgoingFile

LONGEST_TEXT = 8 << 20  # bytes of one text field: far more than is accepted, so that it can be handed back
MOST_FIELDS = 200
MULTIPART, URLENCODED = b"multipart/form-data", b"application/x-www-form-urlencoded"
UTF_8 = (b"utf-8", b"utf8")


@dataclass(frozen=True, slots=True)
class Form:
    """What a post brought: its text fields, the last of each name, and its files in order."""

    fields: dict[str, str] = field(default_factory=dict)
    files: tuple[OutgoingFile, ...] = ()


async def read_form(request: Request, *, most_files: int) -> Form:
    """The form; an empty one when the body is none. Raises HTTPException 400, 413, 415.

    Of a multipart form each piece is read as it arrives. Decoding what is percent-encoded takes up to a second, and so
    happens beside the event loop.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == URLENCODED:
        return await run_in_threadpool(_decode, await _read_body(request))
    if kind != MULTIPART:
        return Form()
    if options.get(b"charset", UTF_8[0]).lower() not in UTF_8:
        raise HTTPException(415)
    return await _read_parts(request, most_files=most_files)


async def _read_parts(request: Request, *, most_files: int) -> Form:
    fields: dict[str, str] = {}
    files: list[OutgoingFile] = []
    async with request.form(max_fields=MOST_FIELDS, max_files=most_files, max_part_size=LONGEST_TEXT) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields[name] = value
            elif value.filename or value.size:
                files.append(await _read_file(value))
    return Form(fields, tuple(files))


async def _read_file(file: UploadFile) -> OutgoingFile:
    return OutgoingFile(file.filename or "", file.content_type or "application/octet-stream", await file.read())


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_TEXT:
            raise HTTPException(413)
    return bytes(body)


def _decode(body: bytes) -> Form:
    try:
        return Form(
            dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
        )
    except ValueError:
        raise HTTPException(400) from None
