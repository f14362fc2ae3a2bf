"""Every word of the pages comes from the catalogues, in all five languages (ux §10, seeds §10)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from gateway.threads.decisions import MEANINGS, Reason

ROOT = Path(__file__).parents[2]
LOCALES = ("en", "ko", "cs", "ru", "sv")
RESERVED = {  # sentences that must exist although nothing says them yet (seeds §10.1, ux §10)
    "consent_missing", "referees_request", "auto.away", "fold.opened", "send.pending",
    "view.mine", "view.unassigned", "view.scheduled", "how_to_reply", "new_message_subject",
    "not_delivered_reply", "recruiter_subject",
}  # fmt: skip


def sources() -> list[str]:
    templates = [p for p in (ROOT / "templates").rglob("*") if p.suffix in (".html", ".txt")]
    code = [p for p in (ROOT / "gateway").rglob("*.py")]
    return [p.read_text("utf-8") for p in (*templates, *code)]


@cache
def catalogue(locale: str) -> dict[str, object]:
    with (ROOT / "gateway" / "locales" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        po = read_po(file, locale=locale)
    return {(m.id if isinstance(m.id, str) else m.id[0]): m.string for m in po if m.id}


def used_in_templates() -> tuple[set[str], set[str]]:
    """Keys that templates name in full, and beginnings of keys that they complete."""
    whole: set[str] = set()
    begun: set[str] = set()
    for path in (ROOT / "templates" / "pages").glob("*.html"):
        text = path.read_text("utf-8")
        whole |= set(re.findall(r"\b_n?\('([a-z0-9_.]+)'\s*[,)]", text))
        begun |= set(re.findall(r"\b_n?\('([a-z0-9_.]+)' ~", text))
    return whole, begun


@pytest.mark.parametrize("locale", LOCALES)
def test_every_key_in_use_has_words(locale: str) -> None:
    words = catalogue(locale)
    whole, begun = used_in_templates()
    assert not [key for key in whole if not words.get(key)]
    for start in begun:
        mine = {k for k in words if k.startswith(start)}
        assert mine == {k for k in catalogue("en") if k.startswith(start)} != set()


@pytest.mark.parametrize("locale", LOCALES)
def test_no_language_lacks_or_adds_a_key_and_nothing_is_left_empty(locale: str) -> None:
    words = catalogue(locale)
    assert set(words) == set(catalogue("en"))
    for key, string in words.items():
        assert all(string if isinstance(string, (tuple, list)) else (string,)), key


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_takes_the_same_parameters(locale: str) -> None:
    for key, english in catalogue("en").items():
        string = catalogue(locale)[key]
        if isinstance(english, str) and isinstance(string, str):
            assert set(re.findall(r"%\((\w+)\)s", string)) == set(re.findall(r"%\((\w+)\)s", english)), key


def test_no_key_is_left_over() -> None:
    text = "\n".join(sources())
    _, begun = used_in_templates()
    named = {key for key in catalogue("en") if f"'{key}'" in text or f'"{key}"' in text}
    completed = ("fail.", "held.", "skip.", "view.", "act.", "audit.by.", "audit.how.", "audit.field.", "stage.")
    built = {key for key in catalogue("en") if key.startswith((*begun, *completed))}
    assert set(catalogue("en")) - named - built - RESERVED == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_plurals_have_all_their_forms_and_each_names_the_same_values(locale: str) -> None:
    """ux §9: cs and ru have three forms for whole numbers, ko one; none is a copy of English with a value missing."""
    with (ROOT / "gateway" / "locales" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        po = read_po(file, locale=locale)
    for message in po:
        if isinstance(message.id, tuple):
            assert len(message.string) == po.num_plurals, message.id
            english = catalogue("en")[message.id[0]]
            assert isinstance(english, (tuple, list))
            names = set(re.findall(r"%\((\w+)\)s", english[-1]))
            assert all(set(re.findall(r"%\((\w+)\)s", form)) <= names for form in message.string), message.id


def test_the_tone_is_that_of_the_letter() -> None:
    """ux §9: no exclamation marks in Korean, no familiar forms; particles are printed as 을(를) after a value."""
    for key, words in catalogue("ko").items():
        for form in words if isinstance(words, (tuple, list)) else (words,):
            assert "!" not in str(form), key
            assert not re.search(r"%\(\w+\)s(을|를|은|는|와|과|으로|로)(?=[ .,]|$)", str(form)), key


OTHER_WORDS = {  # than those of docs/glossary.md (seeds §10), for the same things
    "ko": ("이메일", "공고", "스레드", "구직자"),
    "cs": ("uchazeč", "vlákn", "komentář"),
    "ru": ("комментар", "диалог", "позици"),
    "sv": ("e-post", "tråd", "kommentar"),
}


@pytest.mark.parametrize("locale", OTHER_WORDS)
def test_one_thing_has_one_word(locale: str) -> None:
    wrong = re.compile("|".join(OTHER_WORDS[locale]), re.IGNORECASE)
    found = {key: words for key, words in catalogue(locale).items() if wrong.search(str(words))}
    notices = (ROOT / "templates" / "notices").rglob(f"{locale}/*.*")
    found |= {str(p.relative_to(ROOT)): hit[0] for p in notices if (hit := wrong.search(p.read_text("utf-8")))}
    assert not found


@pytest.mark.parametrize("locale", LOCALES[1:])
def test_the_words_of_the_glossary_are_the_words_of_the_pages(locale: str) -> None:
    """Each has its place in the pages, in the form of the table or an inflected one."""
    lines = (ROOT / "docs" / "glossary.md").read_text("utf-8").partition("| English |")[2].splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines if line.count("|") > 4][1:]
    said = " ".join(str(words) for words in catalogue(locale).values()).lower()
    column = 1 + LOCALES[1:].index(locale)
    missing = [row[column] for row in rows if row[column].lower()[:5].rstrip() not in said]
    assert len(rows) >= 10
    assert not missing


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reason_has_its_sentence(locale: str) -> None:
    assert {key for key in catalogue(locale) if key.startswith("reason.")} == {f"reason.{r}" for r in Reason}
    assert all(catalogue("en")[f"reason.{reason}"] == MEANINGS[reason].sentence for reason in Reason)


def test_no_page_shows_a_stage_as_its_code() -> None:
    """`rejected` is a code; in a form's field it is what somebody may edit."""
    for page in (ROOT / "templates" / "pages").glob("*.html"):
        assert not re.search(r'(?<!value=")\{\{ [\w.]*\.stage \}\}', page.read_text("utf-8")), page.name
