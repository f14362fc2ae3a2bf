"""In charge of: whether the writer's own words lead to what stands below them, so that it belongs to what they say.

Not in charge of: finding where another mail begins (`roles`).

Outlook introduces what it forwards and what it answers by the same header block. What tells them apart: the words
above it, files among its labels, and whether we know the mail below it. In doubt it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.inbound.reply import cues, words
from gateway.inbound.reply.known import Cover
from gateway.inbound.reply.lines import Line, Mark, Role

_COLONS = (":", "：")
_MAX_OWN_LINES = 5  # above a header block; of a longer letter its last three are asked
_LAST_LINES = 3
_MAX_PASTED = 8
_MAX_LISTED = 12
_PROMPT = 3  # `>>>` of an interpreter: nobody quotes at once what was quoted twice
_ENOUGH_TOKENS = 8
_LISTED = re.compile(r"\s*(?:[-*•·・◦▪■□○●①-⑳]|\d{1,2}[.)])\s*\S")  # words above such a line point to it
_GREETING = re.compile(r"[^\W\d]+(?:[ .][^\W\d]+){0,3}[ ]?[,，、]")  # and nothing else: the answer stands further down
# With these a writer says that the answers stand in the mail below.
_ANSWERS = re.compile(
    r"\b(?:my|our) (?:answers|comments|replies)\b|\binline\b|in red\b|"
    r"\b(?:see|find|answer\w*|repl\w+|respon\w+|comment\w*|written|wrote|noted|marked)\b.{0,40}\bbelow\b|"
    r"\bbelow\b.{0,40}\b(?:answer\w*|repl\w+|respons\w+|comment\w*)\b|\bbelow\W*\Z|"
    r"아래(?:\Z|[^가-힣]|[에와의를로]|메일|내용|답변|참[고조])|下記|以下|見下|如下|请?[见見]下|請參閱|请参阅|"
    r"níže(?! než)|nižšie(?! ako)|červeně|červenou|\bниже\b|\bнижче\b|красным|\bnedan\b|nedenfor|"
    r"\balla\s?oleva|\balle?kirj|\bunten\b|untenstehend|\bin rot\b|ci-dessous|abajo|a continuación|"
    r"di seguito|qui sotto|abaixo|\bonderstaand|hieronder|poniżej|aşağıda|\bse .{0,60}\bunder\b|"
    r"meine (?:antworten|anmerkungen)|mé odpovědi|moje odpov|мои ответы|мої відповіді|mina svar|mine svar|vastaukseni|"
    r"mes réponses|mis respuestas|le mie risposte|minhas respostas|mijn antwoorden|moje odpowiedzi|cevaplarım|"
    r"답변을? ?(?:적|달았|작성)|回答いたします",
    re.IGNORECASE,
)
_HIDDEN_FIELD = re.compile(r"received|return-path|delivered-to|message-id|(?:mime|dkim|arc|authentication|x)-[\w-]+")
# With these they hand it on; in an answer they speak of something else.
_HANDS_ON = re.compile(
    r"\bfyi\b|\bforward(?:ing|ed)\b|\bi (?:now )?forward\b|\bfwd\b|전달|포워딩|(?:메일|내용).{0,6}참고|"
    r"転送|ご参考|转发|轉發|轉寄|přeposíl|přepošl|preposiel|пересыла|пересил|vidarebef|videresend|"
    r"välit[äe]|edelleen\s?läh|weiterleit|weitergeleit|leite .{0,60}\bweiter\b|"
    r"z\. ?k\.|zur (?:info|kenntnis)|transf[eéè]r|pour info|reenv[ií]|para su información|inoltr|per conoscenza|"
    r"encaminh|reencaminh|doorst(?:u|ur)|ter info|przesyłam|przekazuj|iletiyorum|"
    r"ci-joint (?:le|un) (?:message|mail|courriel)|attached (?:mail|message|e-mail)|"
    r"stuur .{0,60}\bdoor\b|yönlendir",
    re.IGNORECASE,
)


def is_shown(lines: Sequence[Line], cover: Cover, at: int, end: int, *, answered: bool) -> bool:
    """Whether the mail whose introduction stands at `at` to `end` is what the writer wants to show us.

    `answered`: the subject says that it is the one that they answer.
    """
    known, total = sum(k for k, _ in cover[end:]), sum(t for _, t in cover[end:])
    if known and known >= 0.2 * total:
        return False
    labelled = cues.read_label(lines[at].text) is not None
    if labelled and total >= _ENOUGH_TOKENS and known == 0:
        return True
    if labelled and any(_names_files(line.text) for line in lines[at:end]):
        return True
    above = [line.text for line in lines[:at] if not line.blank and not cues.is_ruler(line.text)]
    if not above:
        return False
    leading = _above_header(above)
    if leading.rstrip(" *_").endswith(_COLONS) and not cues.is_original_separator(leading):
        return True
    if len(above) == 1 and _GREETING.fullmatch(above[0].strip()):
        return True
    near = above if len(above) <= _MAX_OWN_LINES else above[-_LAST_LINES:]
    if not answered and any(_HANDS_ON.search(cues.cut(text)) for text in near):
        return True
    following = [*near[1:], ""]
    return any(
        _ANSWERS.search(cues.cut(text)) and not _LISTED.match(below)
        for text, below in zip(near, following, strict=True)
    )


def _above_header(above: list[str]) -> str:
    """The last line above a pasted header: it begins with fields that no client shows (RFC 5322 §3.6)."""
    for text in reversed(above[-_MAX_PASTED:]):
        pair = cues.read_label(text)
        if pair is None or not _HIDDEN_FIELD.fullmatch(pair[0]):
            return text
    return above[-1]


def keep_own_lists(lines: Sequence[Line], roles: list[str], cover: Cover) -> None:
    """`>` in front of a few lines right below the writer's words, and nothing says that they are a quote: a list."""
    at = 0
    while at < len(lines):
        if roles[at] is not Role.QUOTE or lines[at].marks & Mark.HISTORY:
            at += 1
            continue
        end = _end_of_quote(lines, roles, at)
        if _is_own_list(lines, roles, cover, at, end):
            roles[at:end] = [Role.OWN] * (end - at)
        at = end


def _end_of_quote(lines: Sequence[Line], roles: Sequence[str], start: int) -> int:
    """Where the quoted lines end that begin here; in HTML each is a paragraph, with an empty line to the next."""
    end = start
    for at in range(start, len(lines)):
        if roles[at] is Role.QUOTE:
            end = at + 1
        elif not lines[at].blank:
            break
    return end


def _is_own_list(lines: Sequence[Line], roles: Sequence[str], cover: Cover, start: int, end: int) -> bool:
    run = range(start, end)
    if end - start > _MAX_LISTED or (cover and any(cover[at][0] for at in run)):
        return False
    depth = lines[start].depth
    if any(lines[at].depth not in (depth, 0) or cues.has_address(lines[at].text) for at in run):
        return False
    introduced = Role.INTRO in roles[:start]
    if depth != 1:
        return depth == _PROMPT and not introduced
    above = start - 1
    while above >= 0 and lines[above].blank:
        above -= 1
    if above < 0 or roles[above] is not Role.OWN:
        return False
    return lines[above].text.rstrip(" *_").endswith(_COLONS) or (above == start - 1 and not introduced)


def _names_files(text: str) -> bool:
    pair = cues.read_label(text)
    return pair is not None and pair[0] in words.FILE_LABELS
