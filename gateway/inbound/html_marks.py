"""In charge of: what classes, ids and styles of mail clients say of an element: quote, signature, hidden.

Not in charge of: judging (`replies`). Own text is often found inside such containers, so a mark is only a cue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from gateway.inbound.reply.lines import Mark

_MAX_CHARS = 500  # of an attribute
_MAX_KEPT = 2000  # elements; clients write the same ones again and again
_MAX_KEPT_CHARS = 1000  # of the attributes of one
_NO_CONTENT_ID = re.compile(r"[\s<>\"'\x00-\x1f]")
_HISTORY_IDS = re.compile(
    r"(?:x_)*(?:isReplyContent|mail-editor-reference-message-container|yahoo_quoted_\w*|ymail_quoted\w*|replybody\w*|"
    r"reply139content|ntes-\w*-quote|spark-reply-content|messageReplySection|orig_mail\w*|original_mail\w*)\Z",
    re.IGNORECASE,
)
_HISTORY_CLASSES = re.compile(
    r"(?:^|\s)(?:x_)*(?:yahoo_quoted\w*|ymail_quoted|protonmail_quote|tutanota_quote|zmail_extra\w*|skiff_quote|"
    r"ms-outlook-mobile-reference-message|moz-cite-content|qtdSeparateBR|freebirdFormHistory|"
    r"naver_quote|daum_quote|hiworks_quote|front-blockquote|cm_quote|mailplane_quote|gmail_quote_container_history)(?:\s|\Z)",
    re.IGNORECASE,
)
_HEADER_IDS = re.compile(r"(?:x_)*(?:divRplyFwdMsg|OLK_SRC_BODY_SECTION|reply-intro|replyHeader\w*)\Z", re.IGNORECASE)
_HEADER_CLASSES = re.compile(r"(?:^|\s)(?:x_)*(?:OutlookMessageHeader|gmail_forward_header)(?:\s|\Z)", re.IGNORECASE)
_ATTRIBUTIONS = re.compile(
    r"(?:^|\s)(?:x_)*(?:gmail_attr|moz-cite-prefix|protonmail_attr|ydp\w*yahoo_quoted_begin|replyheader)(?:\s|\Z)",
    re.IGNORECASE,
)
_SIGNATURES = re.compile(
    r"(?:^|\s)(?:x_)*(?:gmail_signature|moz-signature|protonmail_signature_block\S*|AppleMailSignature|applemailsignature|"
    r"ms-outlook-mobile-signature|Signature|signature|zmail_signature\w*|ydp\w*signature|tutanota_signature|"
    r"mail_signature|naver_signature|mail-signature|skiff-mail-signature|"
    r"composer_signature|messageSignatureSection|_rc_sig|k9mail-signature|front-signature|sh-signature|edo-signature)(?:\s|\Z)"
)
_QUOTE_CLASSES = re.compile(r"quote|cite|reply|history", re.IGNORECASE)
_SIDE_BORDER = re.compile(r"border-left\s*:(?!\s*(?:none|0(?:px|pt)?\b\s*(?:;|\Z)|medium none))", re.IGNORECASE)
_TOP_BORDER = re.compile(r"border-top\s*:\s*solid\s+(?:#?e1e1e1|#?b5c4df|windowtext)|border-top:solid", re.IGNORECASE)
_BOXES = frozenset(("div", "p", "td", "table"))
_INDENT_BUTTON = re.compile(
    r"margin:\s*0(?:px)?\s+0(?:px)?\s+0(?:px)?\s+40px;\s*border:\s*(?:none|medium)", re.IGNORECASE
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|em)?\s*(?:;|\Z|!)|"
    r"max-height\s*:\s*0(?:px)?\s*(?:;|\Z|!)",
    re.IGNORECASE,
)

Attributes = Mapping[str, str | None]


class Said(NamedTuple):
    """What an element says: that it is not shown, marks that its lines get, levels of quoting it adds."""

    hidden: bool
    marks: int
    deeper: int


def read_element(tag: str, attributes: Attributes) -> Said:
    """What its name and its attributes say; remembered for a while."""
    pairs = tuple(attributes.items())
    if sum(map(len, filter(None, attributes.values()))) > _MAX_KEPT_CHARS:
        return _read_element(tag, attributes)
    return _recall_element(tag, pairs)


@lru_cache(maxsize=_MAX_KEPT)
def _recall_element(tag: str, pairs: tuple[tuple[str, str | None], ...]) -> Said:
    return _read_element(tag, dict(pairs))


def _read_element(tag: str, attributes: Attributes) -> Said:
    return Said(_is_hidden(attributes), *_mark_element(tag, attributes))


def _is_hidden(attributes: Attributes) -> bool:
    """Whether the element is not shown: preheaders, tracking text, honeypots."""
    if "hidden" in attributes:
        return True
    style = attributes.get("style")
    return bool(style and _HIDDEN.search(style, 0, _MAX_CHARS))


def picture_of(attributes: Attributes) -> str:
    """The Content-ID of the part that an image shows (RFC 2392), "" if it is none of the mail's own."""
    source = (attributes.get("src") or "").strip()
    if source[:4].lower() != "cid:" or len(source) > _MAX_CHARS:
        return ""
    return _NO_CONTENT_ID.sub("", unquote(source[4:]))


def _mark_element(tag: str, attributes: Attributes) -> tuple[int, int]:
    """(marks that its lines get, levels of quoting it adds)."""
    mark: int = Mark.INDENT if tag == "blockquote" else Mark.NONE
    ids, classes = (attributes.get("id") or "")[:_MAX_CHARS], (attributes.get("class") or "")[:_MAX_CHARS]
    if _ATTRIBUTIONS.search(classes):
        mark |= Mark.ATTRIBUTION
    if "moz-forward-container" in classes or "gmail_forward" in classes:
        mark |= Mark.FORWARD
    if _HEADER_IDS.match(ids) or _HEADER_CLASSES.search(classes):
        mark |= Mark.HEADER
    if _HISTORY_IDS.match(ids) or _HISTORY_CLASSES.search(classes) or attributes.get("name") == "quote":
        mark |= Mark.HISTORY
    if _SIGNATURES.search(classes) or _SIGNATURES.search(ids) or attributes.get("data-smartmail") == "gmail_signature":
        mark |= Mark.SIGNATURE
    mark |= _mark_by_other_names(attributes)
    style = (attributes.get("style") or "")[:_MAX_CHARS]
    if style and tag in _BOXES:
        if _TOP_BORDER.search(style):
            mark |= Mark.RULE
        if "order-left" in style and _SIDE_BORDER.search(style):
            mark |= Mark.BOX
    if tag == "blockquote" and _INDENT_BUTTON.search(style):
        return mark & ~Mark.INDENT, 0
    if tag == "blockquote" and _is_cited(attributes, ids + " " + classes, style):
        return (mark & ~Mark.INDENT) | Mark.HISTORY, 1
    return mark, 0


def _mark_by_other_names(attributes: Attributes) -> int:
    """Of clients that mark neither by class nor by id: Spark, Zoho, Mail.ru, Zimbra, FairEmail."""
    if "fairemail" in attributes:
        return {"signature": Mark.SIGNATURE, "reference": Mark.HISTORY}.get(attributes["fairemail"] or "", Mark.NONE)
    name = attributes.get("name")
    if name == "messageReplySection":
        return Mark.HISTORY
    if name == "messageSignatureSection" or "data-sigid" in attributes or "data-signature-widget" in attributes:
        return Mark.SIGNATURE
    marker = attributes.get("data-marker") or ""
    if marker == "__HEADERS__":
        return Mark.HEADER
    if marker == "__QUOTED_TEXT__":
        return Mark.HISTORY
    return Mark.SIGNATURE if marker.startswith("__SIG_") else Mark.NONE


def _is_cited(attributes: Attributes, names: str, style: str) -> bool:
    """A blockquote that a client made for the quoted mail, not one that the writer used to indent."""
    if (attributes.get("type") or "").lower() == "cite" or "cite" in attributes or "data-email" in attributes:
        return True
    return bool(_QUOTE_CLASSES.search(names)) or bool(_SIDE_BORDER.search(style))
