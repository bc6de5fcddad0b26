"""What a module may be called, hold at its top and say about itself."""

import ast
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

import pytest

from tests.architecture.source import Source, everything, functions, sources

_NAMELESS: Final = {"utils", "util", "helpers", "misc", "common", "manager", "managers"}
_MAY_EXPORT: Final = ("models/__init__.py", "web/admin/__init__.py")


def imports_inside_functions(files: Iterable[Source]) -> list[str]:
    """Return the imports below the top of a module; only `apps.py` may import late."""
    return [
        file.at(node, "imports inside a function")
        for file in files
        if not file.path.endswith("/apps.py")
        for function in functions(file.tree)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def relative_imports(files: Iterable[Source]) -> list[str]:
    """Return the imports that begin with a dot."""
    return [
        file.at(node, "imports relatively")
        for file in files
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def filled_inits(files: Iterable[Source]) -> list[str]:
    """Return the `__init__` files that hold something, but for those of models and of the admin."""
    return [
        f"{file.path} is not empty"
        for file in files
        if file.path.endswith("__init__.py") and file.text.strip() and not file.path.endswith(_MAY_EXPORT)
    ]


def nameless_modules(files: Iterable[Source]) -> list[str]:
    """Return the modules and packages whose name says nothing."""
    return [
        f"{file.path} has a name that says nothing"
        for file in files
        if _NAMELESS & {part.removesuffix(".py") for part in PurePosixPath(file.path).parts}
    ]


def unexplained_modules(files: Iterable[Source]) -> list[str]:
    """Return the modules whose docstring does not begin with one sentence on one line, or a few."""
    return [
        f"{file.path} does not begin with a sentence that says what it holds"
        for file in files
        if file.text.strip() and not (ast.get_docstring(file.tree) or "").split("\n\n")[0].rstrip().endswith((".", "`"))
    ]


def undocumented_functions(files: Iterable[Source]) -> list[str]:
    """Return the public functions at the top of a module that have no docstring; tests say it by their names."""
    return [
        file.at(node, f"{node.name} has no docstring")
        for file in files
        for node in file.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith(("_", "test_"))
        and not ast.get_docstring(node)
    ]


def test_imports_stand_at_the_top_and_are_absolute() -> None:
    files = everything()

    assert imports_inside_functions(files) + relative_imports(files) == []


def test_package_inits_are_empty() -> None:
    assert filled_inits(everything()) == []


def test_module_names_say_something() -> None:
    assert nameless_modules(everything()) == []


def test_modules_and_functions_say_what_they_are() -> None:
    assert unexplained_modules(everything()) + undocumented_functions(sources()) == []


def test_a_late_import_is_found_except_in_apps() -> None:
    text = "def f():\n    import os\n"

    assert imports_inside_functions([Source("inbox/a.py", text)]) == ["inbox/a.py:2 imports inside a function"]
    assert imports_inside_functions([Source("inbox/apps.py", text)]) == []


def test_a_relative_import_is_found() -> None:
    assert relative_imports([Source("inbox/a.py", "from . import b\n")]) == ["inbox/a.py:1 imports relatively"]


def test_a_filled_init_is_found() -> None:
    filled = "from a import b\n"

    assert filled_inits([Source("inbox/__init__.py", filled)]) == ["inbox/__init__.py is not empty"]
    assert filled_inits([Source("inbox/mail/models/__init__.py", filled)]) == []
    assert filled_inits([Source("inbox/__init__.py", "")]) == []


@pytest.mark.parametrize("path", ["inbox/utils.py", "inbox/common/a.py", "accounts/manager.py"])
def test_a_name_that_says_nothing_is_found(path: str) -> None:
    assert nameless_modules([Source(path, "")]) == [f"{path} has a name that says nothing"]


@pytest.mark.parametrize("text", ["x = 1\n", '"""No full stop"""\n'])
def test_a_module_without_a_sentence_is_found(text: str) -> None:
    assert len(unexplained_modules([Source("a.py", text)])) == 1
    assert unexplained_modules([Source("a.py", '"""Holds x."""\nx = 1\n')]) == []


def test_an_undocumented_function_is_found() -> None:
    file = Source("a.py", "def f(): ...\ndef _g(): ...\ndef test_h(): ...\n")

    assert undocumented_functions([file]) == ["a.py:1 f has no docstring"]
