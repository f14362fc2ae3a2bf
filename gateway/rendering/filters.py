"""In charge of: how values look in a person's language and zone: dates, sizes, names, links, paragraphs, colours.

Not in charge of: words (`catalogues`) or templates. Who is addressed is in `VIEWPOINT`, so that the filters work in
imported macros as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zlib import crc32
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_percent
from babel.units import format_unit
from markupsafe import Markup, escape

_FORMAT_LOCALES = {"en": "en_GB"}  # 24 hours, day before month: our readers of English are not all American
_TIME_PATTERNS = {"ko": "aaaa h:mm"}  # 오전 9:05; the short form would say AM
_UNITS = (("gigabyte", 10**9), ("megabyte", 10**6), ("kilobyte", 10**3))
_URL = re.compile(r"https?://[^\s<>\"'`\\^{}|\u2028\u2029]{1,2000}", re.IGNORECASE)
_TAG = re.compile(r"(<[^<>]*>)")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_HEX_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\Z")
_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # categories Cc, Zl, Zp, Cs
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ENGLISH = frozenset(
    ("the", "and", "you", "your", "for", "with", "this", "that", "are", "have", "will", "thanks", "dear")
)
_CZECH = frozenset("ěščřžůťďň")
_SWEDISH = frozenset("åäö")
DEFAULT_BRAND = "#0D6351"
DARK_INK = "#1C1F1D"


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """For whom something is rendered. `apart` keeps HTML that must not pass through the CSS inliner, by token."""

    locale: str
    zone: tzinfo = UTC
    apart: dict[str, str] = field(default_factory=dict)

    @property
    def format_locale(self) -> str:
        return _FORMAT_LOCALES.get(self.locale, self.locale)


VIEWPOINT: ContextVar[Viewpoint] = ContextVar("viewpoint")


def zone_named(name: object) -> tzinfo:
    """The zone of an IANA name; UTC for a name that this system does not know."""
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        return UTC


def show_date(value: date | str, form: str = "medium") -> str:
    """A date: `form` is short, medium, long, full or a CLDR pattern. Text is given back as it is."""
    if isinstance(value, str):
        return value
    view = VIEWPOINT.get()
    day = _local(value, view) if isinstance(value, datetime) else value
    return format_date(day, form, locale=view.format_locale)


def show_time(value: datetime | str) -> str:
    """Hours and minutes in the viewer's zone."""
    if isinstance(value, str):
        return value
    view = VIEWPOINT.get()
    pattern = _TIME_PATTERNS.get(view.locale, "short")
    return format_time(_local(value, view).timetz(), pattern, locale=view.format_locale)


def show_datetime(value: datetime | str, form: str = "medium") -> str:
    """Date and time in the viewer's zone."""
    return value if isinstance(value, str) else f"{show_date(value, form)} {show_time(value)}"


def end_of_day(value: datetime) -> int:
    """When this day of the viewer's ends, in milliseconds since 1970, as a browser's clock counts."""
    view = VIEWPOINT.get()
    after = _local(value, view).date() + timedelta(days=1)
    return int(datetime.combine(after, time.min, view.zone).timestamp() * 1000)


def _local(value: datetime, view: Viewpoint) -> datetime:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(view.zone)


def show_duration(value: timedelta, least: float = 1.2) -> str:
    """A length of time in the greatest unit of which it has at least so many: 40 minutes, 27 hours, 3 days."""
    return format_timedelta(value, threshold=least, locale=VIEWPOINT.get().format_locale)


def show_ago(value: timedelta) -> str:
    """How long ago it was: 2 minutes ago."""
    at_least = max(value, timedelta(seconds=1))  # "in 0 seconds" is no past
    return format_timedelta(-at_least, add_direction=True, threshold=1.2, locale=VIEWPOINT.get().format_locale)


def show_share(value: float) -> str:
    """A share between 0 and 1 as whole per cent."""
    return format_percent(value, locale=VIEWPOINT.get().format_locale)


def show_filesize(size: int) -> str:
    """Bytes as people read them: 69 B, 240 kB, 1.2 MB (powers of ten)."""
    locale = VIEWPOINT.get().format_locale
    for unit, factor in _UNITS:
        if size >= factor:
            amount = size / factor
            return format_unit(round(amount, 1 if amount < 10 else 0), unit, length="short", locale=locale)
    # CLDR has the sign of the byte in Czech, Russian and Swedish; in English and Korean its short form is the word.
    return format_unit(size, "byte", length="short", locale=locale).replace("byte", "B")


def initials(name: str) -> str:
    """What an avatar shows: the given name's two syllables in Korean, else the first letters of first and last name."""
    words = [word for word in re.split(r"[\s·,._-]+", name) if word and word[0].isalnum()]
    joined = "".join(words)
    if joined and all("가" <= letter <= "힣" for letter in joined):
        return joined[-2:]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def avatar(key: str) -> int:
    """One of eight avatar colours, 1 to 8, always the same for the same id."""
    return crc32(key.encode("utf-8", "replace")) % 8 + 1


def guess_language(text: str) -> str:
    """ko, ru, cs, sv or en by the letters used (English by common words), "" when unsure: for `lang`."""
    sample = text[:2000].lower()
    letters = [letter for letter in sample if letter.isalpha()]
    if not letters:
        return ""
    hangul = sum("가" <= letter <= "힣" for letter in letters)
    cyrillic = sum("Ѐ" <= letter <= "ӿ" for letter in letters)
    if hangul * 3 > len(letters):
        return "ko"
    if cyrillic * 2 > len(letters):
        return "ru"
    if _CZECH.intersection(letters):
        return "cs"
    if "å" in letters or len(_SWEDISH.intersection(letters)) > 1:
        return "sv"
    return "en" if len(_ENGLISH.intersection(re.findall(r"[a-z]+", sample))) > 1 else ""


def linkify(text: str, style: str = "") -> Markup:
    """Escaped text whose http(s) addresses are links; nothing else becomes a link.

    With a style it is for a mail, whose dark scheme knows links by the class `lk`.
    """
    if "://" not in text:
        return escape(text)
    look = Markup(' class="lk" style="{}"').format(style) if style else Markup("")
    parts, end = [], 0
    for match in _URL.finditer(text):
        url = _without_closing(match[0])
        parts += [escape(text[end : match.start()])]
        parts += [Markup('<a href="{}" rel="noopener noreferrer nofollow"{}>{}</a>').format(url, look, url)]
        end = match.start() + len(url)
    return Markup("").join([*parts, escape(text[end:])])


def _without_closing(url: str) -> str:
    """Without the punctuation of the sentence around it; a closing bracket stays when it was opened inside."""
    while url[-1] in ".,;:!?*_~" or (url[-1] in ")]" and url.count(url[-1]) > url.count("(["[")]".index(url[-1])])):
        url = url[:-1]
    return url


def paragraphs(text: str, style: str = "", link_style: str = "") -> Markup:
    """Plain text as escaped <p> and <br>, with links: blank lines part paragraphs."""
    look = f' style="{escape(style)}"' if style else ""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    blocks = [block for block in _BLANK_LINES.split(plain) if block.strip()]
    shown = ("<br>\n".join(linkify(line, link_style) for line in block.split("\n")) for block in blocks)
    return Markup("\n".join(f"<p{look}>{block}</p>" for block in shown))  # each line was escaped by `linkify`


def with_mentions(html: Markup, names: Iterable[str]) -> Markup:
    """Finished HTML in which @name stands out, for each of these names; never inside a tag."""
    said = sorted({str(escape(name)) for name in names if name}, key=len, reverse=True)
    if not said:
        return html
    found = re.compile(rf"(?<!\w)@(?:{'|'.join(map(re.escape, said))})(?!\w)", re.IGNORECASE)
    pieces = _TAG.split(str(html))  # every second one is a tag
    pieces[::2] = [found.sub(lambda hit: f'<span class="mention">{hit[0]}</span>', text) for text in pieces[::2]]
    return Markup("".join(pieces))


def one_line(text: str, longest: int = 200) -> str:
    """Text for one line of a header or title: no line break, control or direction-changing character ever."""
    flat = _flatten(text[: 2 * longest])  # of a long text a beginning is enough
    if len(text) > 2 * longest and len(flat) <= longest:
        flat = _flatten(text)
    return flat if len(flat) <= longest else f"{flat[: longest - 1].rstrip()}…"


def _flatten(text: str) -> str:
    return " ".join(_TURNING.sub("", _BREAKING.sub(" ", text)).split())


def colour(value: object) -> str:
    """A workspace's colour if it is #RRGGBB, else ours: nothing else may reach a style."""
    return str(value) if _HEX_COLOUR.match(str(value)) else DEFAULT_BRAND


def on_colour(value: object) -> str:
    """White or dark ink, whichever is easier to read on that colour (WCAG 2.2 contrast ratio)."""
    light = _luminance(colour(value))
    white, dark = 1.05 / (light + 0.05), (light + 0.05) / (_luminance(DARK_INK) + 0.05)
    return "#FFFFFF" if white >= dark else DARK_INK


def _luminance(hex_colour: str) -> float:
    channels = [int(hex_colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
