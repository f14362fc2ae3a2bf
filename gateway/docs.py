"""In charge of: the pages of docs/ that are made from the code: settings, reasons, events, commands, endpoints.

Not in charge of: the pages that people write. `python -m gateway.docs` writes, `--check` only says what is out of date;
tests/test_docs.py fails when a page is. Nothing is said twice: the words come from the code that acts on them.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from gateway.__main__ import cli
from gateway.app import build_context, close_context
from gateway.config import PREFIX, Settings, load_settings
from gateway.threads import events
from gateway.threads.decisions import MEANINGS, Reason
from gateway.web.api.app import describe_api
from gateway.web.api.schemas_out import PREFIX as API
from gateway.web.routes import build_web

PACKAGE = Path(__file__).parent
FOLDER = PACKAGE.parent / "docs"
MADE = "<!-- Made by `make docs` from {source}. Change it there. -->\n"
SECTIONS = {  # the first setting of each section
    "data_dir": "Data, broker, secrets",
    "http_listen": "Where it listens, and links",
    "reply_domain": "Receiving mail",
    "outbound_smtp_url": "Sending mail",
    "channels": "Sending by KakaoTalk and SMS",
    "worker_threads": "Workers",
    "max_upload_bytes": "Limits, retention, logs",
}
KINDS = {
    "str": "text",
    "SecretStr": "secret text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Path": "path",
    "list[str]": "JSON list of texts",
    "list[SecretStr]": "JSON list of secret texts",
    "dict[str, str]": "JSON object of texts",
    "Path | None": "path",
}
WHO = {"for_members": "a signed-in recruiter", "for_everyone": "everyone"}

Row = tuple[str, ...]


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` only name those that differ; the exit status."""
    check = "--check" in arguments
    old = outdated_pages()
    for name, text in old.items():
        print(f"docs/{name} {'is out of date: run `make docs`' if check else 'written'}")
        if not check:
            (FOLDER / name).write_text(text)
    return 1 if check and old else 0


def outdated_pages() -> dict[str, str]:
    """The pages whose file differs from what the code says now, with the new text."""
    made = {name: make() for name, make in PAGES.items()}
    return {n: text for n, text in made.items() if not (FOLDER / n).is_file() or (FOLDER / n).read_text() != text}


# ---- settings ----------------------------------------------------------------------------------------------------


def make_settings_page() -> str:
    """Every setting with its type, default and meaning."""
    head = [
        "# Settings",
        MADE.format(source="gateway/config.py"),
        "Each setting is an environment variable. Any of them may instead come from a file: `GATEWAY_<NAME>_FILE`",
        "names a file that holds the value (for mounted secrets), and `GATEWAY_CONFIG` names a TOML file with the",
        'names in small letters (`reply_domain = "reply.example.com"`). The environment wins over `_FILE`, and that',
        "over the TOML file. An empty variable counts as none.",
        "`gateway doctor` says what is missing or misspelt.",
        "",
    ]
    sections: dict[str, list[Row]] = {}
    title = ""
    for name, field in Settings.model_fields.items():
        title = SECTIONS.get(name, title)
        row = (f"`{PREFIX}{name.upper()}`", _kind_of(field), _default_of(field), field.description or "")
        sections.setdefault(title, []).append(row)
    for title, rows in sections.items():
        head += [f"## {title}", "", _table(("setting", "type", "default", "meaning"), rows), ""]
    return "\n".join(head)


def _kind_of(field: FieldInfo) -> str:
    name = inspect.formatannotation(field.annotation).replace("pathlib.", "").replace("pydantic.types.", "")
    limits = []
    for limit in field.metadata:
        match limit:
            case Ge(ge=low):
                limits.append(f"at least {low:,}" if isinstance(low, int) else f"at least {low}")
            case Gt(gt=low):
                limits.append(f"more than {low}")
            case Le(le=high) | Lt(lt=high):
                limits.append(f"at most {high}")
            case _ if pattern := getattr(limit, "pattern", ""):
                limits.append(" or ".join(word for word in str(pattern).strip("^$()").split("|") if word))
    return ", ".join([KINDS[name], *limits])


def _default_of(field: FieldInfo) -> str:
    value = field.default
    if value is None or value == [] or str(value) == "":
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


# ---- reasons -----------------------------------------------------------------------------------------------------


def make_reasons_page() -> str:
    """Every reason, every conflict code, and the codes that we ourselves give to a delivery."""
    groups: dict[str, list[Row]] = {}
    group = "taken"
    for line in inspect.getsource(Reason).splitlines():
        if line.strip().startswith("#"):
            group = line.strip("# ")
        elif found := re.match(r"\s+([A-Z_]+) = ", line):
            reason = Reason[found[1]]
            meaning = MEANINGS[reason]
            groups.setdefault(group, []).append((f"`{reason.value}`", meaning.sentence, str(meaning.http)))
    text = [
        "# Reasons and codes",
        MADE.format(source="gateway/threads/decisions.py and the places that raise a Conflict"),
        "The word that rows, events, logs and the API carry for *why*. The words in other languages are in",
        "`gateway/locales`. HTTP is the status when an API request or a post on a page is turned down for it.",
        "",
    ]
    for title, rows in groups.items():
        text += [f"## {title.capitalize()}", "", _table(("reason", "meaning", "HTTP"), rows), ""]
    conflicts = [(f"`{code}`", words, where) for code, words, where in _calls("Conflict")]
    text += ["## Conflicts (HTTP 409; `too_many` is 429)", "", _table(("code", "meaning", "raised in"), conflicts), ""]
    codes = [(f"`{c}`", words, where) for c, words, where in (*_calls("Failed"), *_calls("Retry"))]
    text += [
        "## Codes of deliveries",
        "",
        "Mail servers answer with enhanced status codes (RFC 3463), which are kept as they are. Ours beside them:",
        "",
        _table(("code", "meaning", "given in"), codes),
        "",
    ]
    return "\n".join(text)


def _calls(name: str) -> list[tuple[str, str, str]]:
    """(code, sentence, module) of every call `name("code", "sentence")` in the package; one row for each code."""
    rows: dict[str, tuple[list[str], list[str]]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name):
                continue
            code = node.args[0] if node.args else None
            if not (isinstance(code, ast.Constant) and isinstance(code.value, str)):
                continue
            sentences, places = rows.setdefault(code.value, ([], []))
            sentences += [s for s in [_words(node.args[1])] if s and s not in sentences]
            places += [p for p in [f"`{path.relative_to(PACKAGE.parent)}`"] if p not in places]
    return [(code, " / ".join(said), ", ".join(places)) for code, (said, places) in sorted(rows.items())]


def _words(node: ast.expr) -> str:
    """A string as written, with … for what is filled in; "" if it is no string in the code."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(v) if isinstance(v, ast.Constant) else "…" for v in node.values)
    return ""


# ---- events ------------------------------------------------------------------------------------------------------


def make_events_page() -> str:
    """Every event name with its data, whether the desk shows it as a line, and who writes it."""
    rows = []
    for constant, name, remark in _event_lines():
        data, _, remark = remark.partition(":")
        writers = [f"`{p}`" for p in _writers(constant)]
        fields = ", ".join(f"`{d.strip()}`" for d in data.split(",") if d.strip())
        shown = "yes" if name in events.SHOWN else ""
        rows.append((f"`{name}`", fields, remark.strip(), shown, ", ".join(writers)))
    return "\n".join(
        [
            "# Events",
            MADE.format(source="gateway/threads/events.py"),
            "What happened in a thread, append-only. `seq` counts within the thread without gaps, so a reader that saw",
            "7 asks for what comes after 7 and misses nothing (ADR 11). `id` is global and only wakes readers. Data",
            "are short strings: ids, numbers, names; never what somebody wrote, never an address.",
            "",
            _table(("event", "data", "remark", "a line in the desk", "written in"), rows),
            "",
        ]
    )


def _event_lines() -> Iterator[tuple[str, str, str]]:
    for line in inspect.getsource(events).splitlines():
        if found := re.match(r'([A-Z_]+) = "([a-z_.]+)"(?:\s+# (.*))?', line):
            yield found[1], found[2], found[3] or ""


def _writers(constant: str) -> list[str]:
    """The use cases that append this event."""
    found = []
    for path in sorted((PACKAGE / "usecases").glob("*.py")):
        text = path.read_text()
        if f"events.{constant}" in text and re.search(r"\bevents\.(append|add)\(", text):
            found.append(str(path.relative_to(PACKAGE.parent)))
    return found


# ---- commands ----------------------------------------------------------------------------------------------------


def make_commands_page() -> str:
    """Every command with its arguments and options."""
    text = [
        "# Commands",
        MADE.format(source="gateway/__main__.py"),
        "`gateway COMMAND`, or `python -m gateway COMMAND`. Exit status 0: done; 1: it says what is wrong; 2: the same",
        "of an option or value that it does not know.",
        "",
    ]
    for name, command in command_list():
        words = " ".join(f"{p.name.upper()}" for p in command.params if p.param_type_name == "argument")
        text += [f"## `gateway {name}{' ' if words else ''}{words}`", "", (command.help or "").strip(), ""]
        rows = [_parameter(p) for p in command.params if p.name != "help"]
        text += [_table(("parameter", "meaning", "default"), rows), ""] if rows else []
    return "\n".join(text)


def command_list(group: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its full name, groups opened."""
    found: Any = group or typer.main.get_command(cli)
    for name, command in found.commands.items():
        if hasattr(command, "commands"):
            yield from command_list(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _parameter(parameter: Any) -> Row:
    is_argument = parameter.param_type_name == "argument"
    name = parameter.name.upper() if is_argument else " / ".join([*parameter.opts, *parameter.secondary_opts])
    default = "required" if parameter.required else f"`{parameter.default}`" if str(parameter.default) else "empty"
    return f"`{name}`", parameter.help or "", default


# ---- endpoints ---------------------------------------------------------------------------------------------------


def make_endpoints_page() -> str:
    """Every URL: the API from its OpenAPI document, the rest from the route table."""
    api = [(f"`{method} {API}{path}`", summary) for method, path, summary in api_list()]
    pages = [(f"`{method} {path}`", who, summary) for method, path, who, summary in page_list()]
    return "\n".join(
        [
            "# Endpoints",
            MADE.format(source="the route tables of gateway/web"),
            "## API v1",
            "",
            f"With `Authorization: Bearer KEY`. Bodies and answers: `{API}/openapi.json`, and for people `/api/docs`.",
            "How to use it: [api.md](api.md).",
            "",
            _table(("request", "what"), api),
            "",
            "## Pages, streams, health",
            "",
            "`/dev` exists in the demo only. Streams, files and health look by themselves who asks.",
            "",
            _table(("request", "for", "what"), pages),
            "",
        ]
    )


def api_list() -> Iterator[tuple[str, str, str]]:
    """(method, path, summary) of every operation of the API."""
    for path, operations in describe_api()["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation["summary"]


def page_list() -> list[tuple[str, str, str, str]]:
    """(methods, path, who, summary) of every route outside the API, with the demo's pages."""
    with TemporaryDirectory() as folder:
        settings = load_settings(
            data_dir=Path(folder), database_url="", blobs_url="", outbound_smtp_url="mailbox:", demo=True
        )
        ctx = build_context(settings)
        routes = build_web(ctx, ctx.render, demo_login=lambda token: None).routes  # type: ignore[arg-type]
        close_context(ctx)
    found = []
    for route in routes:
        methods = "|".join(sorted(route.methods - {"HEAD"}))  # type: ignore[attr-defined]
        page, who = _page_of(route.endpoint)  # type: ignore[attr-defined]
        said = (inspect.getdoc(page) or page.__name__).partition("\n\n")[0].replace("\n", " ")
        found.append((methods, route.path, who, said))  # type: ignore[attr-defined]
    return found


def _page_of(endpoint: Callable[..., Any]) -> tuple[Callable[..., Any], str]:
    """The page function behind the wrappers of `gateway.web.visits`, and whom they let through."""
    wrapper = endpoint.__qualname__.split(".")[0]
    page = inspect.getclosurevars(endpoint).nonlocals.get("page", endpoint) if wrapper in WHO else endpoint
    return page, WHO.get(wrapper, "looks by itself")


def _table(head: Row, rows: Sequence[Row]) -> str:
    lines: list[Row] = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": make_settings_page,
    "reasons.md": make_reasons_page,
    "events.md": make_events_page,
    "commands.md": make_commands_page,
    "endpoints.md": make_endpoints_page,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
