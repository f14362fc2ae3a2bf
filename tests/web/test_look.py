"""A company's logo and colour: accepted by what the bytes are, served harmlessly, shown to candidates, removed."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import pytest
from cast import Company, make_company
from running import both_databases
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, path_of, words_of

from gateway.threads.colours import LIGHT_INK, contrast, read_colour
from gateway.threads.pictures import Picture, read_picture
from gateway.usecases import accounts, branding
from gateway.usecases.context import Context
from gateway.usecases.views import ApplicantView

PATH = "/desk/settings/look"
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080020006001011100ffd9")  # 96 x 32
LOSSY = b"RIFF\x1e\0\0\0WEBPVP8 \x12\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 96, 32) + bytes(8)
LOSSLESS = b"RIFF\x1e\0\0\0WEBPVP8L\x12\0\0\0\x2f" + (95 | 31 << 14).to_bytes(4, "little") + bytes(8)
EXTENDED = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (95).to_bytes(3, "little") + (31).to_bytes(3, "little")


def make_png(width: int = 96, height: int = 32, *, padding: int = 0) -> bytes:
    """A green rectangle that browsers show; `padding` bytes of a text chunk make it larger."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    rows = (b"\0" + b"\x0d\x63\x51" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    text = chunk(b"tEXt", b"Comment\0" + b"x" * padding) if padding else b""
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + text + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def upload(desk: TestClient, content: bytes, *, name: str = "logo.png") -> object:
    return desk.post(PATH, data={"do": "logo"}, files={"logo": (name, content, "image/png")})


def address_of_logo(ctx: Context, company: Company) -> str:
    logo = accounts.read_workspace(ctx, company.as_jun).logo
    assert logo
    return f"/brand/{company.workspace.slug}/{logo.digest}"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (make_png(), "image/png"),
        (JPEG, "image/jpeg"),
        (LOSSY, "image/webp"),
        (LOSSLESS, "image/webp"),
        (EXTENDED, "image/webp"),
    ],
)
def test_a_picture_is_known_by_its_bytes_with_its_size(content: bytes, content_type: str) -> None:
    assert read_picture(content) == Picture(content_type, 96, 32)
    for length in range(len(content)):
        read_picture(content[:length])  # never raises


def test_the_candidate_sees_the_logo_from_our_own_address_and_it_cannot_do_anything(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    page = desk.get(path_of(mina)).text
    assert 'class="logo"' not in page
    assert upload(desk, make_png(192, 64), name="logo.exe").headers["location"] == f"{PATH}#saved"  # type: ignore[attr-defined]
    address = address_of_logo(ctx, company)
    page = desk.get(path_of(mina)).text
    assert f'<img class="logo" src="{address}" alt="" width="96" height="32">' in page
    shown = browser_of(make_app(ctx)).get(address)  # nobody is signed in
    assert shown.content == make_png(192, 64)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "immutable" in shown.headers["cache-control"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "no PNG, JPEG or WebP"),
        (b"GIF89a" + bytes(40), "no PNG, JPEG or WebP"),
        (b"", "no PNG, JPEG or WebP"),
        (b"\x89PNG\r\n\x1a\n" + bytes(3), "no PNG, JPEG or WebP"),
        (make_png(padding=20_000), "at most 20 kB"),
        (make_png(1025, 20), "16 to 1024 pixels"),
        (make_png(96, 8), "16 to 1024 pixels"),
    ],
)
def test_what_is_no_small_picture_is_refused_and_the_old_one_stays(
    ctx: Context, company: Company, desk: TestClient, content: bytes, says: str
) -> None:
    upload(desk, make_png())
    before = address_of_logo(ctx, company)
    answer = upload(desk, content)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert says in words_of(answer.text)  # type: ignore[attr-defined]
    assert address_of_logo(ctx, company) == before


@both_databases
def test_a_logo_that_is_replaced_or_removed_is_gone_and_another_companys_same_one_stays(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    other = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    branding.set_logo(ctx, company.as_jun, make_png())
    branding.set_logo(ctx, other.as_jun, make_png())
    old = address_of_logo(ctx, company)
    branding.set_logo(ctx, company.as_jun, make_png(64, 64))
    public = browser_of(make_app(ctx))
    assert public.get(old).status_code == 404
    assert public.get(address_of_logo(ctx, company)).status_code == 200
    assert public.get(address_of_logo(ctx, other)).status_code == 200
    branding.remove_logo(ctx, other.as_jun)
    assert accounts.read_workspace(ctx, other.as_jun).logo is None
    assert 'class="logo"' in public.get(path_of(mina)).text


@pytest.mark.parametrize("colour", ["#FFE066", "#ffffff", "#7FB3D5", "#808080"])
def test_a_colour_that_cannot_be_read_is_darkened_and_that_is_said(
    ctx: Context, company: Company, desk: TestClient, colour: str
) -> None:
    """WCAG 2.2 §1.4.3."""
    there = desk.post(PATH, data={"do": "colour", "brand": colour}).headers["location"]
    used = accounts.read_workspace(ctx, company.as_jun).brand
    assert used != colour.upper()
    assert contrast(read_colour(used), LIGHT_INK) >= 4.5
    assert f"we use the darker {used}" in words_of(desk.get(there).text)


def test_a_colour_that_can_be_read_is_used_as_it_is(ctx: Context, company: Company, desk: TestClient) -> None:
    assert desk.post(PATH, data={"do": "colour", "brand": "#7a1fa2"}).headers["location"] == f"{PATH}#saved"
    assert accounts.read_workspace(ctx, company.as_jun).brand == "#7A1FA2"
    wrong = desk.post(PATH, data={"do": "colour", "brand": "red"})
    assert (wrong.status_code, "Write the colour as #RRGGBB" in words_of(wrong.text)) == (422, True)


def test_who_is_no_admin_neither_sees_nor_changes_it(ctx: Context, company: Company) -> None:
    member = accounts.create_member(ctx, company.workspace.id, email="ida@m.example", name="Ida", role="member")
    plain = browser_of(make_app(ctx, replace(company, jun=member)), member)
    assert plain.get(PATH).status_code == 404
    assert plain.post(PATH, data={"do": "colour", "brand": "#000000"}).status_code == 404
    assert upload(plain, make_png()).status_code == 404  # type: ignore[attr-defined]
