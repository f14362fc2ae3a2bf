"""In charge of: who is in the demo and what has happened to them so far. Not in charge of: making it so (`demo`).

The first seven stand for themselves (outside checks begin with them); the rest show a desk on a Friday morning:
unanswered for days, not delivered, held, going out later, closed and written again.
"""

from __future__ import annotations

from dataclasses import dataclass

RECRUITERS = (("minho", "Minho Park", "en"), ("seoyeon", "Seoyeon Kim", "ko"))
OPENINGS = (
    ("product-designer", "Product Designer"),
    ("backend-engineer", "Backend Engineer"),
    ("people-partner", "People Partner"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """Something that happened, `hours` ago (negative: goes out then). `who` is candidate or a recruiter's key."""

    who: str
    text: str
    hours: float = 0
    how: str = "page"  # page, note, mail, other (a mail from an address that we do not know), stage
    file: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """An applicant of the demo and what has happened so far, the oldest first."""

    key: str
    name: str
    email: str
    locale: str
    opening: str
    said: tuple[Said, ...] = ()
    phone: str = ""


PEOPLE = (
    Person(
        "jiwoo",
        "한지우",
        "jiwoo.han@naver.example",
        "ko",
        "product-designer",
        (
            Said(
                "candidate",
                "안녕하세요, 한지우입니다. 지원서를 보완해서 보내 드립니다. 궁금하신 점은 편하게 물어봐 주세요.",
            ),
            Said(
                "seoyeon",
                "지우 님, 안녕하세요. 포트폴리오 잘 보았습니다. 2차 면접을 제안드리고 싶습니다.\n\n"
                "1. 24일 화요일 오후 2시와 4시 중 언제가 편하신가요?\n"
                "2. 면접은 성수동 사무실과 화상 중 선택하실 수 있습니다.",
            ),
        ),
    ),
    Person(
        "anna",
        "Anna Lindqvist",
        "anna.lindqvist@post.example",
        "sv",
        "backend-engineer",
        (Said("minho", "Hej Anna, thank you for applying. Could you tell us when you would be able to start?"),),
    ),
    Person(
        "tomas",
        "Tomáš Novák",
        "tomas.novak@seznam.example",
        "cs",
        "backend-engineer",
        (
            Said(
                "candidate",
                "Dobrý den, rád bych se zeptal, zda je možné pracovat část týdne z domova. Děkuji, Tomáš Novák",
            ),
        ),
    ),
    Person("maria", "Мария Ковалёва", "maria.kovaleva@yandex.example", "ru", "backend-engineer"),
    Person("david", "David Okafor", "david.okafor@mail.example", "en", "product-designer"),
    Person(  # reached by phone only; a number that ends in 0 has no KakaoTalk, so SMS takes over
        "seojun",
        "이서준",
        "",
        "ko",
        "product-designer",
        (Said("seoyeon", "서준 님, 안녕하세요. 포트폴리오를 한 번 더 보내 주실 수 있을까요?"),),
        "+821055501230",
    ),
    Person(
        "haneul",
        "정하늘",
        "",
        "ko",
        "backend-engineer",
        (Said("seoyeon", "하늘 님, 안녕하세요. 이번 주 목요일에 통화 가능하신가요?"),),
        "+821055504321",
    ),
    Person(  # nobody has answered her for three days
        "ekaterina",
        "Екатерина Соколова",
        "e.sokolova@mail.example",
        "ru",
        "people-partner",
        (
            Said("minho", "Интервью", 80, "stage"),
            Said("minho", "Екатерина, здравствуйте! Спасибо за отклик. Когда вам удобно поговорить с командой?", 79),
            Said(
                "candidate",
                "Здравствуйте, Минхо!\n\nСпасибо за приглашение. Мне удобно в четверг после 15:00 или в пятницу утром. "
                "Подскажите, пожалуйста, нужно ли подготовить примеры прошлых проектов?\n\nЕкатерина",
                75,
                "mail",
            ),
        ),
    ),
    Person(  # her mailbox is full: the demo's mailbox says so to every address there
        "elin",
        "Elin Sjöberg",
        "elin.sjoberg@full.example",
        "sv",
        "people-partner",
        (
            Said(
                "candidate", "Hej! Jag har bifogat mitt CV. Vilka blir nästa steg i processen?", 30, file="CV Elin.pdf"
            ),
            Said("minho", "Screening", 27, "stage"),
            Said("minho", "Speaks four languages. Ask about the notice period.", 26, "note"),
            Said("minho", "Hej Elin, tack för ditt CV! Har du tid för ett samtal på torsdag klockan 10?", 3),
        ),
    ),
    Person(  # somebody answers from an address that we do not know
        "doyun",
        "김도윤",
        "doyun.kim@naver.example",
        "ko",
        "backend-engineer",
        (
            Said("seoyeon", "1차 면접", 50, "stage"),
            Said("seoyeon", "도윤 님, 안녕하세요. 코딩 과제는 언제까지 제출하실 수 있을까요?", 25),
            Said("candidate", "안녕하세요, 김도윤입니다. 과제는 이번 주 일요일까지 제출하겠습니다.", 0, "other"),
        ),
    ),
    Person(
        "sofia",
        "Sofia Marsh",
        "sofia.marsh@mail.example",
        "en",
        "product-designer",
        (
            Said("candidate", "Hello Seoyeon,\n\nhere is the case study we talked about.", 28, file="Case study.pdf"),
            Said("seoyeon", "Wonderful, thank you. We will look at it together on Monday.", 26),
            Said("seoyeon", "The second half is the strongest part: ask how she tested it.", 25, "note"),
            Said("seoyeon", "Good morning Sofia, would Wednesday at 14:00 suit you for the portfolio talk?", -20),
        ),
    ),
    Person(  # wrote once more after the end
        "jakub",
        "Jakub Dvořák",
        "jakub.dvorak@seznam.example",
        "cs",
        "product-designer",
        (
            Said("candidate", "Dobrý den, posílám odkaz na své portfolio: https://portfolio.example/dvorak", 70),
            Said(
                "minho",
                "Dobrý den, Jakube,\n\nděkujeme vám za čas a za pečlivě připravené portfolio. Rozhodli jsme se "
                "pokračovat s jiným kandidátem. Přejeme vám hodně štěstí.\n\nMinho Park",
                24,
            ),
            Said("minho", "rejected", 24, "stage"),
            Said("candidate", "Děkuji za zprávu. Mohu se zeptat na důvod?", 20),
        ),
    ),
)
