"""In charge of: filling in a company's own templates. They are somebody else's text, so they get a small language, a
sandbox, and a bound on size (reliability 56).

Not in charge of: our own templates (`rendering`), or what the values are (`usecases.templates`).

Allowed: `{{ name }}`, `{% if %}`, and a few filters. No loops, calls or arithmetic, so the time is that of the text's
length. What people wrote comes in as values, and values are never templates. A name that is not known is refused when
the template is saved; a name without a value when it is filled in. `{% if fields.team %}` asks whether there is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.errors import Invalid
from gateway.rendering.catalogues import MissingVariable

LONGEST_SOURCE = 50_000  # characters
LONGEST_RESULT = 200_000
DEEPEST = 40  # nodes within nodes
FILTERS = ("upper", "lower", "capitalize", "trim", "default", "d", "e", "escape")
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const,
    nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter,
)  # fmt: skip


class Group:
    """Values under one name, such as `candidate`: nothing else of it can be reached."""

    __slots__ = ("_name", "_values")

    def __init__(self, name: str, values: Mapping[str, str]) -> None:
        self._name = name
        self._values = values

    def __getitem__(self, key: str) -> str:
        return self._values[key]


class NoValue(StrictUndefined):
    """A name without a value: false in `{% if %}`, an error in the text."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]  # asking is allowed
        return False

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        group = self._undefined_obj
        inside = f"{group._name}." if isinstance(group, Group) else ""
        raise MissingVariable(f"{inside}{self._undefined_name}", "this template")

    __str__ = __iter__ = __eq__ = __ne__ = __hash__ = _fail_with_undefined_error


def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=NoValue, autoescape=html, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.globals.clear()
    environment.tests.clear()
    return environment


_PLAIN, _HTML = _environment(html=False), _environment(html=True)


def check_source(source: str, *, known: Collection[str], groups: Collection[str]) -> None:
    """Raises Invalid (`field` "") for what is not allowed or not known, with the line and what to do.

    `known`: names such as `link` and `candidate.name`. `groups`: of these every member is allowed (`fields`).
    """
    if len(source) > LONGEST_SOURCE:
        words = f"Use at most {LONGEST_SOURCE} characters."
        raise Invalid("", words, code="name_long", params={"limit": LONGEST_SOURCE})
    try:
        tree = _PLAIN.parse(source)
    except TemplateSyntaxError as error:
        words = f"Line {error.lineno} cannot be read: check the braces."
        raise Invalid("", words, code="template_braces", params={"line": error.lineno}) from None
    except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError):
        raise _not_allowed(1) from None
    for node, depth in _walk(tree, 0):
        if depth > DEEPEST or not isinstance(node, _ALLOWED):
            raise _not_allowed(node.lineno)
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise _not_allowed(node.lineno)
    _compile(source)  # after the look at its nodes: the compiler already computes what is constant
    for name in _names(tree):
        group = name.partition(".")[0]
        if name not in known and not (group in groups and "." in name):
            words = f"There is no variable {name[:60]!r}: use one of {', '.join(sorted(known))}, or declare it."
            raise Invalid("", words, code="template_variable", params={"name": name[:60]})


def _compile(source: str) -> None:
    try:
        _PLAIN.compile(source)
    except (TemplateSyntaxError, RecursionError, MemoryError, SyntaxError, ValueError, OverflowError):
        raise _not_allowed(1) from None


def fill_source(source: str, values: Mapping[str, str | Mapping[str, str]], *, html: bool) -> str:
    """The text for one person. An empty value counts as none. Raises MissingVariable that names the variable."""
    environment = _HTML if html else _PLAIN
    shown: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, str):
            shown |= {name: value} if value.strip() else {}
        else:
            shown[name] = Group(name, {k: v for k, v in value.items() if v.strip()})
    try:
        result = environment.from_string(source).render(shown)
    except (SecurityError, TypeError) as error:
        raise Invalid(
            "template", "This template cannot be filled in: save it again.", code="template_broken"
        ) from error
    if len(result) > LONGEST_RESULT:
        raise Invalid("template", "The filled-in text is too long: shorten the template.", code="template_long")
    return result


def _not_allowed(line: int) -> Invalid:
    words = f"Line {line}: only {{{{ names }}}}, {{% if %}} and the filters {', '.join(FILTERS)} can be used here."
    return Invalid("", words, code="template_syntax", params={"line": line})


def _walk(node: nodes.Node, depth: int) -> Iterator[tuple[nodes.Node, int]]:
    waiting = [(node, depth)]
    while waiting:
        inner, level = waiting.pop()
        yield inner, level
        waiting += [(child, level + 1) for child in inner.iter_child_nodes()]


def _names(node: nodes.Node) -> Iterator[str]:
    """The variables, `candidate.name` as one. Raises Invalid for any other way to reach into a value."""
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, nodes.Getattr | nodes.Getitem):
            yield _dotted(inner)
        elif isinstance(inner, nodes.Name):
            yield inner.name
        else:
            waiting += list(inner.iter_child_nodes())


def _dotted(node: nodes.Getattr | nodes.Getitem) -> str:
    base = node.node
    if isinstance(node, nodes.Getattr):
        member: object = node.attr
    else:
        member = node.arg.value if isinstance(node.arg, nodes.Const) else None
    if not isinstance(base, nodes.Name) or not isinstance(member, str) or member.startswith("_"):
        raise _not_allowed(node.lineno)
    return f"{base.name}.{member}"
