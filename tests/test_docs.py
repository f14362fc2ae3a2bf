"""In charge of: documentation that is true — generated pages up to date, every name and link real, nothing missing.

Not in charge of: whether it reads well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from gateway import docs
from gateway.config import PREFIX, Settings
from gateway.threads import events
from gateway.threads.decisions import MEANINGS, Reason

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gateway"
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [p for p in PAGES if p.name not in docs.PAGES]
SHIPPED = [ROOT / name for name in ("docker-compose.yml", "Dockerfile", ".dockerignore", "Makefile", "pyproject.toml")]
LONGEST = {"README.md": 150, "ARCHITECTURE.md": 250, "CONTRIBUTING.md": 200}
NOT_SETTINGS = {"GATEWAY_CONFIG", "GATEWAY_CRASH_AT"}


def every_page(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda p: str(p.relative_to(ROOT)))


@cache
def read(path: Path) -> str:
    return path.read_text()


@cache
def modules() -> dict[Path, ast.Module]:
    return {path: ast.parse(read(path)) for path in sorted(PACKAGE.rglob("*.py"))}


# ---- generated pages ---------------------------------------------------------------------------------------------


def test_generated_pages_are_up_to_date() -> None:
    assert list(docs.outdated_pages()) == [], "run `make docs`"


def test_every_setting_is_documented() -> None:
    page = read(ROOT / "docs/settings.md")
    missing = [n for n, f in Settings.model_fields.items() if f"`{PREFIX}{n.upper()}`" not in page or not f.description]
    assert missing == []


def test_every_reason_and_conflict_is_documented() -> None:
    page = read(ROOT / "docs/reasons.md")
    codes = {reason.value for reason in Reason} | set(_first_arguments("Conflict"))
    assert [c for c in sorted(codes) if f"| `{c}` |" not in page] == []
    assert set(MEANINGS) == set(Reason)


def test_every_event_is_documented() -> None:
    page = read(ROOT / "docs/events.md")
    named = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    assert set(events.NAMES) == named
    assert [n for n in events.NAMES if f"| `{n}` |" not in page] == []


def test_every_event_says_who_writes_it() -> None:
    rows = [line.split("|") for line in read(ROOT / "docs/events.md").splitlines() if line.startswith("| `")]
    assert [row[1].strip() for row in rows if not row[5].strip()] == []


def test_every_command_is_documented() -> None:
    page = read(ROOT / "docs/commands.md")
    for name, command in docs.command_list():
        assert f"## `gateway {name}" in page
        assert command.help, f"{name} has no docstring"
        assert [p.name for p in command.params if p.name != "help" and f"`{_shown(p)}`" not in page] == []


def test_no_sentence_about_a_page_breaks_off() -> None:
    assert [path for _, path, _, said in docs.page_list() if not said.endswith((".", "`."))] == []


def test_every_endpoint_is_documented() -> None:
    page = read(ROOT / "docs/endpoints.md")
    paths = [f"{docs.API}{path}" for _, path, _ in docs.api_list()] + [path for _, path, _, _ in docs.page_list()]
    assert len(paths) > 30
    assert [p for p in paths if f" {p}`" not in page] == []


def test_every_code_of_a_problem_is_in_the_api_guide() -> None:
    tree = modules()[PACKAGE / "web/api/problems.py"]
    codes = {
        node.args[1].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "problem" and len(node.args) > 1
        if isinstance(node.args[1], ast.Constant)
    }
    codes |= {pair.elts[0].value for pair in ast.walk(tree) if _is_code_and_words(pair)}  # type: ignore[attr-defined]
    (code_of,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "code_of")
    said = [node.value for node in ast.walk(code_of) if isinstance(node, ast.Return)]
    codes |= {value.value for value in said if isinstance(value, ast.Constant)}
    assert {"not_found", "invalid", "bad_json", "too_large", "fault"} <= codes
    assert [c for c in sorted(codes) if f"`{c}`" not in read(ROOT / "docs/api.md")] == []


def _is_code_and_words(node: ast.AST) -> bool:
    """`("too_large", "The body is …")`"""
    if not (isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant)):
        return False
    return bool(re.fullmatch(r"[a-z]+(_[a-z]+)*", str(node.elts[0].value)))


def _shown(parameter: object) -> str:
    """A switch is shown with what switches it off: `--access / --no-access`."""
    opts, name = [*parameter.opts, *parameter.secondary_opts], parameter.name  # type: ignore[attr-defined]
    return " / ".join(opts) if opts[0].startswith("-") else name.upper()


def _first_arguments(function: str) -> Iterator[str]:
    for tree in modules().values():
        for node in ast.walk(tree):
            is_call = isinstance(node, ast.Call) and getattr(node.func, "id", "") == function
            if isinstance(node, ast.Call) and is_call and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


# ---- what people write -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "most"), LONGEST.items())
def test_front_pages_are_short(name: str, most: int) -> None:
    assert len(read(ROOT / name).splitlines()) <= most


def test_readme_names_the_two_commands_and_what_must_be_set() -> None:
    readme = read(ROOT / "README.md")
    assert "make demo" in readme
    assert "make test" in readme
    for name in ("reply_domain", "public_url", "smtp_listen", "outbound_smtp_url", "secret_key", "data_dir"):
        assert f"`{PREFIX}{name.upper()}`" in readme


@every_page(PAGES)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", read(page))
    for target in (a or b for a, b in targets):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in {_anchor(h) for h in re.findall(r"^#+ (.*)$", read(path), re.MULTILINE)}, target


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@every_page(WRITTEN)
def test_paths_in_backticks_exist(page: Path) -> None:
    shown = re.findall(r"`((?:gateway|templates|tests|docs|bench)/[^`\s]*)`", read(page))
    shown += re.findall(r"(?<![\w/`.-])((?:tests|docs)/[\w./*-]+\.(?:py|md|webp))", read(page))
    missing = [s for s in shown if "<" not in s and not list(ROOT.glob(s.rstrip("/")))]
    assert missing == []


def test_every_name_in_architecture_exists() -> None:
    text = re.sub(r"```.*?```", "", read(ROOT / "ARCHITECTURE.md"), flags=re.DOTALL)
    spans = {s.removesuffix("()") for s in re.findall(r"`([^`]+)`", text)}
    names = {s for s in spans if re.fullmatch(r"[A-Za-z_][\w.]*", s) and not s.startswith(PREFIX)}
    assert len(names) > 60
    known = _defined_names()
    assert [n for n in sorted(names) if n.rpartition(".")[2] not in known and not _is_module(n)] == []


def _is_module(name: str) -> bool:
    path = PACKAGE / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file() or name in ("os.environ",)


def _defined_names() -> set[str]:
    """Every function, class, field, variable and short text constant (states, columns, codes) of the package."""
    found: set[str] = set()
    for tree in modules().values():
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    found.add(name)
                case ast.Name(id=name, ctx=ast.Store()):
                    found.add(name)
                case ast.Constant(value=str(value)) if value.isidentifier():
                    found.add(value)
    return found


@every_page(WRITTEN)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", read(ROOT / "Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", read(page), re.MULTILINE))
    assert named <= targets


@every_page([*PAGES, *SHIPPED])
def test_settings_that_are_named_exist(page: Path) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | NOT_SETTINGS
    known |= {f"{name}_FILE" for name in known}
    named = set(re.findall(r"GATEWAY_[A-Z0-9_]*[A-Z0-9]", read(page)))
    assert sorted(named - known - {"GATEWAY_DKIM", "GATEWAY_CORPORA"}) == []


@every_page(WRITTEN)
def test_commands_that_are_named_exist(page: Path) -> None:
    known = {name.split()[0] for name, _ in docs.command_list()}
    named = set(re.findall(r"`(?:\.venv/bin/)?gateway ([a-z-]+)", read(page)))
    named |= set(re.findall(r"^(?:\.venv/bin/)?gateway ([a-z-]+)", read(page), re.MULTILINE))
    assert named <= known


@every_page([*PAGES, *SHIPPED])
def test_nothing_names_the_machine_it_was_written_on(page: Path) -> None:
    strange = r"/(?:root|tmp|opt|mnt|workspace|work)/|/Users/|/home/(?!\.)|\.pyenv|site-packages"
    assert re.findall(strange, read(page)) == []


def test_no_comment_names_a_document_that_is_not_here() -> None:
    missing = []
    for path in sorted(PACKAGE.rglob("*.py")):
        named = re.findall(r"docs/[\w-]+\.md|\b[A-Z]{4,}\.md\b|\bDESIGN\b(?: §[\d.]+)?", read(path))
        missing += [f"{path.relative_to(ROOT)}: {name}" for name in named if not (ROOT / name).is_file()]
    assert missing == []


# ---- indexes -----------------------------------------------------------------------------------------------------


def test_every_cited_rfc_is_in_the_index() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", read(ROOT / "docs/rfc-index.md"), re.MULTILINE)
    indexed = {number for row in rows for number in re.findall(r"\d+", row)}
    cited = {number for path in modules() for number in re.findall(r"RFC (\d+)", read(path))}
    assert sorted(cited - indexed) == []
    assert sorted(indexed - cited) == []


def test_every_crash_point_is_in_the_promises() -> None:
    listed = set(re.findall(r"^\| `([a-z.0-9_]+)` \|", read(ROOT / "docs/reliability.md"), re.MULTILINE))
    assert listed == set(_first_arguments("reach"))


def test_the_list_of_attacks_and_the_tests_that_name_them_agree() -> None:
    """Each number of a row in docs/reliability.md stands in a test's docstring, and the other way round."""
    rows = re.findall(r"^\| (\d[\d,– ]*) \|", read(ROOT / "docs/reliability.md"), re.MULTILINE)
    listed = [number for row in rows for number in _numbers(row)]
    texts = [
        text for path in sorted((ROOT / "tests").rglob("test_*.py")) for text in _docstrings(ast.parse(read(path)))
    ]
    named = {
        n for text in texts for those in re.findall(r"[Rr]eliability (\d[\d,– and]*)", text) for n in _numbers(those)
    }
    assert len(listed) == len(set(listed)), "a number has two rows"
    assert sorted(set(listed) ^ named) == []
    assert set(listed) == set(range(1, 71))


def _numbers(words: str) -> set[int]:
    """`7 – 10, 12 and 14`"""
    ranges = (re.findall(r"\d+", part) for part in re.split(r",|and", words))
    return {n for ends in ranges if ends for n in range(int(ends[0]), int(ends[-1]) + 1)}


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def test_decisions_are_numbered_short_and_linked() -> None:
    adrs = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(p.name[:4]) for p in adrs] == list(range(1, len(adrs) + 1))
    for path in adrs:
        text = read(path)
        assert text.startswith(f"# {int(path.name[:4])}. ")
        assert all(part in text for part in ("**Context.**", "**Choice.**", "**What we gave up.**")), path.name
        assert len(text.splitlines()) <= 15
        assert f"docs/adr/{path.name}" in read(ROOT / "ARCHITECTURE.md")


def test_pictures_are_small_and_all_are_shown() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert [p.name for p in pictures if p.stat().st_size > 120_000] == []
    assert [p.name for p in pictures if f"pictures/{p.name}" not in read(ROOT / "docs" / "pictures.md")] == []


# ---- containers --------------------------------------------------------------------------------------------------


def test_compose_runs_commands_that_exist_and_waits_for_services_that_exist() -> None:
    compose = yaml.safe_load(read(ROOT / "docker-compose.yml"))
    services = compose["services"]
    known = {name for name, _ in docs.command_list()}
    ours = {name: s for name, s in services.items() if s.get("image") == "candidate-conversation-gateway"}
    assert {" ".join(s["command"]) for s in ours.values()} == {"http", "smtp", "worker", "migrate"} <= known
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert {v.split(":")[0] for v in service.get("volumes", [])} <= set(compose["volumes"])
    for server in ("postgres", "redis", "mailpit"):
        assert any(server in str(value) for s in ours.values() for value in s["environment"].values())


def test_compose_and_image_agree_on_ports() -> None:
    services = yaml.safe_load(read(ROOT / "docker-compose.yml"))["services"]
    image = read(ROOT / "Dockerfile")
    for name, variable in (("http", "HTTP_LISTEN"), ("smtp", "SMTP_LISTEN")):
        found = re.search(rf"GATEWAY_{variable}=0\.0\.0\.0:(\d+)", image)
        assert found
        assert services[name]["ports"][0].endswith(f":{found[1]}")
        assert found[1] in services[name]["healthcheck"]["test"][-1]
        assert found[1] in re.findall(r"^EXPOSE (.*)$", image, re.MULTILINE)[0].split()


def test_image_takes_the_files_that_are_needed_and_the_same_uv() -> None:
    image, kept = read(ROOT / "Dockerfile"), read(ROOT / ".dockerignore")
    sources = {s for line in re.findall(r"^COPY (?!--from)(.*) \S+$", image, re.MULTILINE) for s in line.split()}
    assert sources == {"pyproject.toml", "uv.lock", "README.md", "templates", "gateway"}
    assert all((ROOT / s).exists() and f"!{s}\n" in kept for s in sources)
    versions = set(re.findall(r"uv==([\d.]+)", image + read(ROOT / "Makefile")))
    assert len(versions) == 1
