"""In charge of: what a file of applicants says — its encoding, its delimiter, which column is what, one row a person —
and cells that no spreadsheet takes for a formula.

Not in charge of: whether the values are right (`usecases.enter_applicant`). Pure.

Spreadsheets in Korea save CSV as CP949 unless told otherwise, others as UTF-8 with a mark, or as UTF-16 with tabs.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.errors import Invalid
from gateway.threads.schedule import read_local

DELIMITERS = (",", ";", "\t")
MOST_BYTES = 5_000_000
MOST_ROWS = 10_000
MOST_COLUMNS = 100
LONGEST_CELL = 2000  # characters
NEEDED = ("external_id", "opening", "name")
FIELD = "fields."
NAMES: Mapping[str, tuple[str, ...]] = {  # as people write them, without blanks, hyphens and underscores
    "external_id": ("externalid", "id", "applicantid", "지원자id", "지원자번호", "지원번호", "관리번호", "외부id"),
    "opening": ("opening", "openingid", "job", "jobid", "position", "채용", "채용id", "채용공고", "공고", "포지션"),
    "name": ("name", "fullname", "이름", "성명", "지원자", "지원자명", "지원자이름"),
    "email": ("email", "mail", "emailaddress", "이메일", "메일", "이메일주소", "메일주소"),
    "phone": ("phone", "mobile", "phonenumber", "telephone", "전화", "전화번호", "휴대폰", "휴대폰번호", "연락처"),
    "locale": ("locale", "language", "언어"),
    "consent_email": ("consentemail", "emailconsent", "이메일수신동의", "메일수신동의", "이메일동의"),
    "consent_email_at": (
        "consentemailat",
        "emailconsentat",
        "이메일수신동의일",
        "이메일수신동의일시",
        "메일수신동의일시",
    ),
    "consent_phone": ("consentphone", "phoneconsent", "smsconsent", "문자수신동의", "sms수신동의", "휴대폰수신동의"),
    "consent_phone_at": (
        "consentphoneat",
        "phoneconsentat",
        "smsconsentat",
        "문자수신동의일",
        "문자수신동의일시",
        "sms수신동의일시",
    ),
}
_DAY = re.compile(r"(\d{4})\s?[-./]\s?(\d{1,2})\s?[-./]\s?(\d{1,2})\.?(?:[T\s]+(\d{1,2}:\d{2}.*))?")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ApplicantRow:
    """One person as the file has them; `number` is the row in a spreadsheet, whose first row is the header."""

    number: int
    values: Mapping[str, str]
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApplicantFile:
    """All rows, and the columns that say nothing to us."""

    rows: tuple[ApplicantRow, ...]
    ignored: tuple[str, ...] = ()


def read_applicant_file(content: bytes) -> ApplicantFile:
    """The people of a CSV file. Raises Invalid (`file`) that says what to do."""
    if len(content) > MOST_BYTES:
        words = f"The file may have {MOST_BYTES // 1_000_000} MB: split it."
        raise Invalid("file", words, code="import_big", params={"limit": MOST_BYTES // 1_000_000})
    records = _read_records(read_text(content))
    columns = [_column_of(name) for name in records[0]]
    _check_columns(columns)
    if len(records) - 1 > MOST_ROWS:
        raise Invalid(
            "file", f"Send at most {MOST_ROWS} rows at a time.", code="import_rows", params={"limit": MOST_ROWS}
        )
    rows = tuple(
        _row(number, columns, record)
        for number, record in enumerate(records[1:], 2)
        if any(cell.strip() for cell in record)
    )
    ignored = tuple(name for name, column in zip(records[0], columns, strict=True) if name.strip() and not column)
    return ApplicantFile(rows, ignored)


def read_moment(cell: str, zone: ZoneInfo) -> datetime | None:
    """A day, with or without a time, as spreadsheets write it: 2026-01-31, 2026. 1. 31, 2026/1/31 9:00. None for what
    is none or could be read in two ways, as 01/02/2026.
    """
    found = _DAY.fullmatch(cell.strip())
    if not found:
        return None
    year, month, day, time = found.groups()
    hours, colon, rest = (time or "").partition(":")
    return read_local(f"{year}-{month:0>2}-{day:0>2}" + (f"T{hours:0>2}{colon}{rest}" if time else ""), zone)


def write_rows(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV. What a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection)."""
    write = csv.writer(_Echo(), lineterminator="\r\n").writerow
    return "".join(write([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row]) for row in rows)


class _Echo:
    """Hands back what `csv` writes."""

    def write(self, line: str) -> str:
        return line


def read_text(content: bytes) -> str:
    """The letters of a file that a spreadsheet or an editor saved. Raises Invalid (`file`) that says what to do."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp949")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid(
        "file", "The file's letters cannot be read: save it as CSV in UTF-8 and send that.", code="import_encoding"
    )


def _read_records(text: str) -> list[list[str]]:
    """Every record; the delimiter is what parts the first line most. A line `sep=;` before it is a spreadsheet's."""
    first, _, rest = text.partition("\n")
    if first.strip().lower() in tuple(f"sep={d}".strip() for d in DELIMITERS):
        text, first = rest, rest.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        records = list(csv.reader(_LINE.findall(text.replace("\0", "")), delimiter=delimiter, strict=True))
    except csv.Error:
        raise Invalid(
            "file", "The file is no CSV that can be read: save it as CSV once more.", code="import_broken"
        ) from None
    if not records or not any(name.strip() for name in records[0]):
        raise Invalid("file", "The file is empty: its first row must name the columns.", code="import_empty")
    if len(records[0]) > MOST_COLUMNS:
        words = f"Use at most {MOST_COLUMNS} columns."
        raise Invalid("file", words, code="import_columns", params={"limit": MOST_COLUMNS})
    return records


def _column_of(name: str) -> str:
    """What a header means: one of ours, `fields.<name>`, or "" for nothing."""
    name = name.strip()
    if name.lower().startswith(FIELD):
        return FIELD + name[len(FIELD) :][:100] if len(name) > len(FIELD) else ""
    plain = name.lower().translate({ord(c): None for c in " _-."})
    return next((column for column, names in NAMES.items() if plain in names), "")


def _check_columns(columns: Sequence[str]) -> None:
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        names = ", ".join(missing)
        raise Invalid(
            "file",
            f"The first row must name these columns, too: {names}.",
            code="import_missing",
            params={"names": names},
        )
    twice = next((c for c in columns if c and columns.count(c) > 1), "")
    if twice:
        raise Invalid("file", f"Two columns mean {twice}: leave one out.", code="import_twice", params={"name": twice})


def _row(number: int, columns: Sequence[str], record: Sequence[str]) -> ApplicantRow:
    cells = {column: cell.strip()[: LONGEST_CELL + 1] for column, cell in zip(columns, record, strict=False) if column}
    fields = {name.removeprefix(FIELD): cell for name, cell in cells.items() if name.startswith(FIELD) and cell}
    return ApplicantRow(number, {n: cell for n, cell in cells.items() if not n.startswith(FIELD)}, fields)
