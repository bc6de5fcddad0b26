"""Each way round a checker carries its reason on the line."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

import pytest

from tests.architecture.source import Source, dotted, everything, functions

_NOQA: Final = re.compile(r"#\s*noqa\b(?P<codes>:(?:[\s,]*[A-Z]+[0-9]+)+)?(?P<reason>.*)", re.IGNORECASE)
_IGNORE: Final = re.compile(r"#\s*type:\s*ignore(?P<codes>\[[a-z, -]+\])?(?P<reason>.*)")
_NEVER: Final = re.compile(r"#\s*(?:pragma:\s*no cover|ruff:\s*noqa|mypy:|isort:)")
_WORDS: Final = re.compile(r"[A-Za-z]{4,}")
_CODES: Final = re.compile(r"noqa:[A-Z0-9, ]+|type:\s*ignore\[[^]]*\]")


def unexplained_exemptions(files: Iterable[Source]) -> list[str]:
    """Return the `noqa` and `type: ignore` without codes or reason, and what is never allowed."""
    return [
        file.at(line, f"says {comment.strip()!r} without codes and a reason")
        for file in files
        for line, comment in file.comments.items()
        if _NEVER.search(comment) or any(_lacks(match) for match in _matches(comment))
    ]


def _matches(comment: str) -> Iterator[re.Match[str]]:
    return (match for pattern in (_NOQA, _IGNORE) if (match := pattern.search(comment)))


def _lacks(match: re.Match[str]) -> bool:
    return not match["codes"] or not _WORDS.search(match["reason"])


def unexplained_types(files: Iterable[Source]) -> list[str]:
    """Return the uses of `Any` and `cast` with no comment on the line, or at the end of the statement's head.

    The arguments of a command's `handle` are Django's own: `pyproject.toml` gives that reason once.
    """
    return [
        file.at(node, f"uses {name} without a reason")
        for file in files
        for node, name, end in _loose_types(file.tree)
        if node not in _given_by_django(file)
        and not any(_tells_why(file.comments.get(line, "")) for line in range(node.lineno, end + 1))
    ]


def _tells_why(comment: str) -> bool:
    return bool(_WORDS.search(_CODES.sub("", comment)))


def _given_by_django(file: Source) -> list[ast.AST]:
    if not file.is_below("helpdesk/management/commands"):
        return []
    handles = [function.args for function in functions(file.tree) if function.name == "handle"]
    return [star.annotation for args in handles for star in (args.vararg, args.kwarg) if star and star.annotation]


def _loose_types(tree: ast.AST) -> Iterator[tuple[ast.Name | ast.Attribute, str, int]]:
    """Give each use of `Any` or `cast(...)` with the last line on which its reason may stand."""
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.stmt):
            continue
        end = _head_end(statement)
        for node in _own_nodes(statement):
            if isinstance(node, ast.Name | ast.Attribute) and dotted(node) in {
                "Any",
                "typing.Any",
                "cast",
                "typing.cast",
            }:
                yield node, dotted(node), end


def _head_end(statement: ast.stmt) -> int:
    body = getattr(statement, "body", None)
    return body[0].lineno - 1 if body and isinstance(body, list) else statement.end_lineno or statement.lineno


def _own_nodes(statement: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield child
            yield from _own_nodes(child)


def test_every_exemption_carries_its_reason() -> None:
    files = everything()

    assert unexplained_exemptions(files) + unexplained_types(files) == []


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # no" + "qa",
        "x = 1  # no" + "qa: E501",
        "x = 1  # type: " + "ignore",
        "x = 1  # type: " + "ignore[arg-type]",
        "x = 1  # type: " + "ignore  # a good reason",
        "x = 1  # pragma: " + "no cover",
    ],
)
def test_an_exemption_without_reason_is_found(line: str) -> None:
    assert len(unexplained_exemptions([Source("a.py", line)])) == 1


@pytest.mark.parametrize(
    "line",
    ["x = 1  # no" + "qa: E501 - a table reads better", "x = 1  # type: " + "ignore[misc]  # redeclared by design"],
)
def test_an_exemption_with_its_reason_passes(line: str) -> None:
    assert unexplained_exemptions([Source("a.py", line)]) == []


@pytest.mark.parametrize(
    "text",
    ["x: Any = 1\n", "x: Any = 1  # no" + "qa: ANN401\n", "def f(a: Any) -> None:\n    pass\n", "y = cast(int, x)\n"],
)
def test_a_loose_type_without_reason_is_found(text: str) -> None:
    assert len(unexplained_types([Source("a.py", text)])) == 1


def test_a_loose_type_with_its_reason_passes() -> None:
    text = "x: Any = 1  # the library gives no type\ndef f(a: Any) -> None:  # as Django has it\n    pass\n"

    assert unexplained_types([Source("a.py", text)]) == []


def test_only_the_arguments_of_handle_need_no_reason() -> None:
    text = "def handle(self, *args: Any, **options: Any) -> None: ...\ndef f(options: dict[str, Any]) -> None: ...\n"

    assert unexplained_types([Source("helpdesk/management/commands/a.py", text)]) == [
        "helpdesk/management/commands/a.py:2 uses Any without a reason"
    ]
    assert len(unexplained_types([Source("inbox/a.py", text)])) == 3
