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
_MAX_LISTED = 12
_ENOUGH_TOKENS = 8
_GREETING = re.compile(r"[^\W\d]+(?:[ .][^\W\d]+){0,3}[ ]?[,，、]")  # and nothing else: the answer stands further down
# With these a writer points at the mail below: to show it, or because the answers stand in it.
_POINTING = re.compile(
    r"\bfyi\b|\b(?:my|our) (?:answers|comments|replies)\b|"
    r"\bforward(?:ing|ed)\b|\bi (?:now )?forward\b|\bfwd\b|\bbelow\b|"
    r"\binline\b|in red\b|아래|전달|포워딩|(?:메일|내용).{0,6}참고|"
    r"下記|以下|転送|ご参考|見下|如下|转发|轉發|轉寄|见下|請參閱|请参阅|přeposíl|přepošl|níže|preposiel|nižšie|"
    r"červeně|červenou|пересыла|пересил|\bниже\b|\bнижче\b|красным|vidarebef|\bnedan\b|videresend|nedenfor|"
    r"välit[äe]|edelleen\s?läh|\balla\s?oleva|\balle?kirj|weiterleit|weitergeleit|leite .{0,60}\bweiter\b|"
    r"\bunten\b|untenstehend|z\. ?k\.|zur (?:info|kenntnis)|\bin rot\b|ci-dessous|transf[eéè]r|pour info|"
    r"reenv[ií]|abajo|a continuación|para su información|inoltr|di seguito|qui sotto|per conoscenza|encaminh|"
    r"reencaminh|abaixo|doorst(?:u|ur)|\bonderstaand|hieronder|ter info|przesyłam|przekazuj|poniżej|iletiyorum|"
    r"ci-joint (?:le|un) (?:message|mail|courriel)|attached (?:mail|message|e-mail)|"
    r"stuur .{0,60}\bdoor\b|\bse .{0,60}\bunder\b|yönlendir|aşağıda|meine (?:antworten|anmerkungen)|mé odpovědi|"
    r"moje odpov|мои ответы|мої відповіді|mina svar|mine svar|vastaukseni|mes réponses|mis respuestas|"
    r"le mie risposte|minhas respostas|mijn antwoorden|moje odpowiedzi|cevaplarım|답변\s?(?:드립|드려|을 적)|"
    r"回答いたします",
    re.IGNORECASE,
)


def is_shown(lines: Sequence[Line], cover: Cover, at: int, end: int) -> bool:
    """Whether the mail whose introduction stands at `at` to `end` is what the writer wants to show us."""
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
    if above[-1].rstrip(" *_").endswith(_COLONS) and not cues.is_original_separator(above[-1]):
        return True
    if len(above) == 1 and _GREETING.fullmatch(above[0].strip()):
        return True
    near = above if len(above) <= _MAX_OWN_LINES else above[-_LAST_LINES:]
    return any(_POINTING.search(cues.cut(text)) for text in near)


def keep_own_lists(lines: Sequence[Line], roles: list[str], cover: Cover) -> None:
    """`>` in front of a few lines right below the writer's words, and nothing says that they are a quote: a list."""
    at = 0
    while at < len(lines):
        if roles[at] is not Role.QUOTE or lines[at].marks & Mark.HISTORY:
            at += 1
            continue
        end = at
        while end < len(lines) and roles[end] is Role.QUOTE:
            end += 1
        if _is_own_list(lines, roles, cover, at, end):
            roles[at:end] = [Role.OWN] * (end - at)
        at = end


def _is_own_list(lines: Sequence[Line], roles: Sequence[str], cover: Cover, start: int, end: int) -> bool:
    run = range(start, end)
    if end - start > _MAX_LISTED or (cover and any(cover[at][0] for at in run)):
        return False
    if any(lines[at].depth != 1 or cues.has_address(lines[at].text) for at in run):
        return False
    above = start - 1
    while above >= 0 and lines[above].blank:
        above -= 1
    if above < 0 or roles[above] is not Role.OWN:
        return False
    return lines[above].text.rstrip(" *_").endswith(_COLONS) or (above == start - 1 and Role.INTRO not in roles)


def _names_files(text: str) -> bool:
    pair = cues.read_label(text)
    return pair is not None and pair[0] in words.FILE_LABELS
