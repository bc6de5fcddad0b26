"""Read the checkout's own source as trees and lines, for the rules of this folder."""

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PRODUCT: Final = ("helpdesk", "inbox", "accounts", "audit")
_GIT: Final = ("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


@dataclass(frozen=True)
class Source:
    """One Python file: its path below the checkout with forward slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file. Raises SyntaxError."""
        return ast.parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.splitlines()

    @cached_property
    def comments(self) -> dict[int, str]:
        """Line number to the comment that ends the line, with its sharp sign."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    def at(self, node: ast.AST | int, what: str) -> str:
        """Return a finding as `path:line what`."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return f"{self.path}:{line} {what}"

    def is_below(self, *folders: str) -> bool:
        """Tell whether the file lies in one of these folders, or is one of these files."""
        return any(self.path == folder or self.path.startswith(f"{folder}/") for folder in folders)


def sources(folders: Iterable[str] = PRODUCT, root: Path = ROOT) -> list[Source]:
    """Return the Python files of these folders of `root`, without migrations and foreign code, by path."""
    return [
        Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((root / folder).rglob("*.py"))
        if not {"migrations", "vendor", "__pycache__"} & set(path.parts)
    ]


def everything() -> list[Source]:
    """Return the product's Python files and the tests'."""
    return sources((*PRODUCT, "tests"))


def kept_files(root: Path = ROOT) -> list[Path]:
    """Return every file that git keeps or would keep, as absolute paths."""
    listing = subprocess.run(_GIT, cwd=root, capture_output=True, check=True, timeout=60).stdout  # noqa: S603 - our own fixed words
    return [root / name for name in listing.decode().split("\0") if name and (root / name).is_file()]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give every function and method of the tree, inner ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` of a name or an attribute chain; what is not a name becomes `?`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def imported(tree: ast.AST) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Give each imported thing with its full name: `from a import b` is `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module or ''}.{alias.name}") for alias in node.names)
