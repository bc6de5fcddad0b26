"""Sizes that the house keeps: lines of a file and a function, methods of a class, depth of nesting."""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from tests.architecture.source import Source, everything, functions

FILE_LINES: Final = 400
FUNCTION_LINES: Final = 40
CLASS_METHODS: Final = 15
NESTING: Final = 3
_BLOCKS: Final = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def long_files(files: Iterable[Source]) -> list[str]:
    """Return the files of more than 400 lines."""
    return [f"{file.path} has {len(file.lines)} lines" for file in files if len(file.lines) > FILE_LINES]


def long_functions(files: Iterable[Source]) -> list[str]:
    """Return the functions of more than 40 lines, counted from `def` to the last one."""
    return [
        file.at(function, f"{function.name} has {length} lines")
        for file in files
        for function in functions(file.tree)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    ]


def crowded_classes(files: Iterable[Source]) -> list[str]:
    """Return the classes with more than 15 methods."""
    return [
        file.at(node, f"{node.name} has {methods} methods")
        for file in files
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ClassDef)
        and (methods := sum(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in node.body))
        > CLASS_METHODS
    ]


def deep_functions(files: Iterable[Source]) -> list[str]:
    """Return the functions that nest blocks more than three deep; an `elif` is no deeper than its `if`."""
    return [
        file.at(function, f"{function.name} nests {deepest} deep")
        for file in files
        for function in functions(file.tree)
        if (deepest := max(_depths(function, 0))) > NESTING
    ]


def _depths(node: ast.AST, depth: int) -> Iterator[int]:
    yield depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deeper = isinstance(child, _BLOCKS) and not is_elif
        yield from _depths(child, depth + deeper)


def test_sizes_hold_everywhere() -> None:
    files = everything()

    found = long_files(files) + long_functions(files) + crowded_classes(files) + deep_functions(files)

    assert found == []


def test_a_long_file_is_found() -> None:
    assert long_files([Source("a.py", "x = 1\n" * 400)]) == []
    assert long_files([Source("a.py", "x = 1\n" * 401)]) == ["a.py has 401 lines"]


def test_a_long_function_is_found() -> None:
    short, long = "def f():\n" + "    x = 1\n" * 39, "def f():\n" + "    x = 1\n" * 40

    assert long_functions([Source("a.py", short)]) == []
    assert long_functions([Source("a.py", long)]) == ["a.py:1 f has 41 lines"]


def test_a_crowded_class_is_found() -> None:
    body = "".join(f"    def m{number}(self): ...\n" for number in range(16))

    assert crowded_classes([Source("a.py", f"class A:\n{body}")]) == ["a.py:1 A has 16 methods"]


def test_deep_nesting_is_found() -> None:
    deep = "def f():\n  for a in b:\n    with c:\n      if d:\n        while e: pass\n"
    flat = "def f():\n  if a: pass\n  elif b: pass\n  elif c: pass\n  elif d: pass\n  elif e: pass\n"

    assert deep_functions([Source("a.py", deep)]) == ["a.py:1 f nests 4 deep"]
    assert deep_functions([Source("a.py", flat)]) == []
