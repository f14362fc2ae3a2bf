"""In charge of: making the HTML of strangers safe to show.

Not in charge of: its text (`html_text`) or the page around it.

Kept: structure, plain formatting, links out, images of the mail itself (`cid:`, rewritten when shown). Gone: scripts,
forms, frames, classes, ids, remote images and everything else that loads or runs.
"""

from __future__ import annotations

import html as entities

import nh3

from gateway.inbound.html_guard import prepare_html, strip_tags

_TAGS = set(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "blockquote",
        "br",
        "caption",
        "center",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ]
)
_DROPPED_WITH_CONTENT = set(
    [
        "script",
        "style",
        "title",
        "head",
        "noscript",
        "template",
        "iframe",
        "object",
        "svg",
        "math",
        "textarea",
        "select",
    ]
)
_STYLES = {
    "color",
    "background-color",
    "font-weight",
    "font-style",
    "text-decoration",
    "text-align",
    "white-space",
}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "valign", "width"},
    "th": {"colspan", "rowspan", "valign", "width"},
    "ol": {"start", "type"},
    "font": {"color"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
}
_LINKS = ("http://", "https://", "mailto:", "tel:")
_UNSAFE_STYLE = ("(", "\\", "@", "/*")


def _keep_attribute(_element: str, name: str, value: str) -> str | None:
    """Drop what could load something, or lead somewhere unseen: nh3 itself filters only names of style properties."""
    lowered = value.strip().lower()
    if name == "src":
        return value.strip() if lowered.startswith("cid:") else None
    if name == "href":
        return value.strip() if lowered.startswith(_LINKS) else None
    if name == "style":
        return None if any(sign in lowered for sign in _UNSAFE_STYLE) else value
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_DROPPED_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    filter_style_properties=_STYLES,
)


def sanitise(html: str) -> str:
    """HTML that is safe to show; "" for "". Too large or hostile HTML comes back as its text in `<pre>`."""
    if not html.strip():
        return ""
    prepared = prepare_html(html)
    if prepared is None:
        return f"<pre>{entities.escape(strip_tags(html))}</pre>"
    return _CLEANER.clean(prepared).strip()
