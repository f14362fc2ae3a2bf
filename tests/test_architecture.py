"""In charge of: the shape of the code — who imports whom, how long, how named, how pure.

Not in charge of: what it does. The contracts of pyproject.toml run here too, so that `make test` alone finds a breach.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gateway"
LONGEST = 350
LONGER = {  # split, or explained
    "gateway/store/migrations/versions": "a migration is history: it is never refactored",
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers"}
PARTS = {"web", "inbound", "outbound", "rendering", "worker", "usecases", "store", "threads"}
EDGES = {"web", "inbound", "outbound", "rendering", "worker"}
HOMES = {  # library: where it may be imported; a name is a part of the package or a module on its top level
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "obstore": {"store"},
    "psycopg": {"store"},
    "starlette": {"web"},
    "fastapi": {"web"},
    "sse_starlette": {"web"},
    "python_multipart": {"web"},
    "uvicorn": {"web", "serve"},
    "prometheus_client": {"web", "worker"},
    "aiosmtpd": {"inbound"},
    "uvloop": {"inbound"},
    "mailparser": {"inbound"},
    "flanker": {"inbound"},
    "selectolax": {"inbound"},
    "nh3": {"inbound"},
    "compressed_rtf": {"inbound"},
    "striprtf": {"inbound"},
    "pebble": {"inbound"},
    "spf": {"inbound"},
    "dns": {"inbound"},
    "authheaders": {"inbound"},
    "authres": {"inbound"},
    "puremagic": {"inbound"},
    "dkim": {"inbound", "outbound"},
    "smtplib": {"outbound", "doctor"},
    "jinja2": {"rendering"},
    "babel": {"rendering"},
    "css_inline": {"rendering"},
    "dramatiq": {"worker"},
    "typer": {"__main__", "docs", "many", "moments"},
    "rich": {"operate", "doctor"},
    "structlog": {"logs"},
    "pydantic_settings": {"config"},
    "argon2": {"usecases"},
    "authlib": {"usecases"},
    "joserfc": {"usecases", "outbound"},
    "http_ece": {"outbound"},
    "pyotp": {"usecases"},
    "segno": {"web"},
    "phonenumbers": {"usecases"},
    "httpx2": {"outbound"},
    "httpcore2": {"outbound"},
    "standardwebhooks": {"outbound"},
    "limits": {"web", "outbound"},
}
IMPURE = {
    *("os", "io", "pathlib", "shutil", "tempfile", "subprocess", "socket", "ssl", "asyncio", "threading", "time"),
    *("random", "secrets", "uuid", "logging", "multiprocessing", "urllib", "http", "email", "sqlite3", "importlib"),
}
CLOCKS = {"now", "utcnow", "today"}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its path."""
    return {str(p.relative_to(ROOT)): ast.parse(p.read_text()) for p in sorted(PACKAGE.rglob("*.py"))}


def imports(tree: ast.Module) -> set[str]:
    """Full names of the modules that a module imports, `TYPE_CHECKING` included; `from a import b` gives a and a.b."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def part_of(path: str) -> str:
    """`gateway/web/api/app.py` is of `web`, `gateway/app.py` of `app`."""
    return path.split("/")[1].removesuffix(".py")


def test_import_contracts_hold() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_edges_know_neither_each_other_nor_the_store() -> None:
    breaches = []
    for path, tree in modules().items():
        part = part_of(path)
        if part in EDGES:
            others = {f"gateway.{p}" for p in (EDGES | {"store"}) - {part}}
            found = {name for name in imports(tree) if ".".join(name.split(".")[:2]) in others}
            breaches += [f"{path} imports {name}" for name in sorted(found)]
    assert breaches == []


def test_every_library_stays_in_its_home() -> None:
    breaches = []
    for path, tree in modules().items():
        for library in {name.split(".")[0] for name in imports(tree)}:
            if library in HOMES and part_of(path) not in HOMES[library]:
                breaches.append(f"{path} imports {library}")
    assert breaches == []


def test_only_config_reads_the_environment() -> None:
    readers = [
        path
        for path, tree in modules().items()
        if any(isinstance(n, ast.Attribute) and n.attr in ("environ", "getenv") for n in ast.walk(tree))
    ]
    assert set(readers) <= {"gateway/config.py", "gateway/crashpoints.py"}


def test_threads_imports_nothing_impure() -> None:
    breaches = []
    for path, tree in modules().items():
        if part_of(path) != "threads":
            continue
        for name in imports(tree):
            top = name.split(".")[0]
            ours = top == "gateway" and name.split(".")[1:2] in ([], ["threads"], ["errors"])
            pure = name.startswith("urllib.parse") or (top in sys.stdlib_module_names and top not in IMPURE)
            if not (ours or pure):
                breaches.append(f"{path} imports {name}")
    assert breaches == []


def test_threads_asks_no_clock_and_opens_nothing() -> None:
    breaches = []
    for path, tree in modules().items():
        if part_of(path) != "threads":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
                if name in CLOCKS or name in {"open", "print", "input", "eval", "exec"}:
                    breaches.append(f"{path}:{node.lineno} calls {name}()")
            if isinstance(node, ast.Global):
                breaches.append(f"{path}:{node.lineno} keeps state")
    assert breaches == []


def test_files_are_short() -> None:
    long = {
        path: lines
        for path in modules()
        if (lines := len((ROOT / path).read_text().splitlines())) > LONGEST and not path.startswith(tuple(LONGER))
    }
    assert long == {}, f"split by idea: at most {LONGEST} lines"


@pytest.mark.parametrize("exempt", LONGER)
def test_exemptions_are_needed(exempt: str) -> None:
    files = [ROOT / path for path in modules() if path.startswith(exempt)]
    assert any(len(f.read_text().splitlines()) > LONGEST for f in files)


def test_no_module_is_a_drawer() -> None:
    names = {part.removesuffix(".py") for path in modules() for part in path.split("/")}
    assert names & FORBIDDEN_NAMES == set()


def test_every_module_says_what_it_is_in_charge_of() -> None:
    silent = []
    for path, tree in modules().items():
        holds_code = any(not isinstance(n, ast.Expr | ast.Assign) for n in tree.body)
        if holds_code and "/migrations/" not in path and "In charge of" not in (ast.get_docstring(tree) or ""):
            silent.append(path)
    assert silent == []


def test_every_public_function_of_the_core_has_a_docstring() -> None:
    """In usecases and threads, where the next engineer looks first; a property or method may speak by its name."""
    silent = []
    for path, tree in modules().items():
        if part_of(path) in {"usecases", "threads"}:
            functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
            silent += [f"{path}: {f.name}" for f in functions if len(f.body) > 2 and not ast.get_docstring(f)]
    assert silent == []


def test_every_dependency_is_used() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {d.split(";")[0].split("[")[0].split(">")[0].split("=")[0].strip().lower() for d in declared}
    modules_of = {
        "mail-parser": "mailparser",
        "compressed-rtf": "compressed_rtf",
        "dkimpy": "dkim",
        "pyspf": "spf",
        "dnspython": "dns",
        "css-inline": "css_inline",
        "argon2-cffi": "argon2",
        "python-ulid": "ulid",
        "prometheus-client": "prometheus_client",
        "pydantic-settings": "pydantic_settings",
        "sse-starlette": "sse_starlette",
        "http-ece": "http_ece",
        "python-multipart": "python_multipart",
    }
    elsewhere = {"standard-imghdr", "legacy-cgi", "psycopg"}  # asked for by flanker, SQLAlchemy
    imported = {name.split(".")[0] for tree in modules().values() for name in imports(tree)}
    assert sorted(n for n in names - elsewhere if modules_of.get(n, n) not in imported) == []
