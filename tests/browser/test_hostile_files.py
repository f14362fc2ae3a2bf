"""Files of strangers in a real browser: no page can use one as a script or style, and opening one only saves it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from browser.windows import PHONE, Window
from cast import Company, as_candidate
from web.web_kit import Served, browser_of, path_of

from gateway.threads.channel import OutgoingFile
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView

RUN = b"window.ran = true"
PAGE = b"<!doctype html><script>window.ran = true</script><p>not a page</p>"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg"><script>window.ran = true</script></svg>'
FILES = {
    "a.txt": ("text/javascript", RUN),
    "b.pdf": ("application/x-JavaScript; charset=utf-8", RUN),
    "c.dat": ("Text/ECMAScript", RUN),
    "d.txt": ("text/jscript", RUN),
    "e.txt": ("text/plain", RUN),
    "f.txt": ("text/css", b"body { display: none !important }"),
    "g.html": ("text/html", PAGE),
    "h.svg": ("image/svg+xml", DRAWING),
    "i.xml": ("application/xml", b'<x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>window.ran=1</h:script></x>'),
    "j.pdf": ("application/pdf", b"%PDF-1.7 /OpenAction << /S /JavaScript /JS (app.alert(1)) >>"),
}
_USE = """async ([url, tag]) => {
  const element = document.createElement(tag);
  if (tag === 'link') element.rel = 'stylesheet';
  element[tag === 'link' ? 'href' : 'src'] = url;
  const outcome = new Promise(done => {
    element.onload = () => done('used');
    element.onerror = () => done('refused');
  });
  document.head.append(element);
  return await outcome;
}"""


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_no_script_no_style_and_no_page(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    site: Served,
    open_window: Callable[..., Window],
    name: str,
) -> None:
    """Reliability 52, GW-10: whatever type it claims, our own `script-src 'self'` does not let it in."""
    kind, content = FILES[name]
    file = OutgoingFile(name, kind, content)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(files=(file,)))
    link = re.search(r'href="([^"]*/files/[^"]+)"', browser_of(site.app).get(path_of(mina)).text)
    assert link
    url = site.url + unescape(link[1])
    window = open_window(size=PHONE)
    window.page.goto(site.url + path_of(mina))
    assert [window.page.evaluate(_USE, [url, tag]) for tag in ("script", "link")] == ["refused", "refused"]
    assert window.page.evaluate("window.ran") is None
    with window.page.expect_download() as saved:
        window.page.evaluate("url => { location.href = url }", url)
    assert saved.value.path().read_bytes() == content
    assert window.page.url == site.url + path_of(mina)
