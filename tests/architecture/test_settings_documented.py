"""Every setting that the environment gives stands in the operator's guide."""

import ast
import re
from collections.abc import Iterable
from typing import Final

from tests.architecture.source import ROOT, Source, dotted, sources

_TESTS_OWN: Final = "helpdesk/settings/test.py"
_READERS: Final = {
    "env.text",
    "env.integer",
    "env.boolean",
    "env.words",
    "env.folder",
    "env.database",
    "env.redis_place",
    "env.web_address",
    "env.choice",
    "env.networks",
}


def settings_read(files: Iterable[Source]) -> set[str]:
    """Return the names that these files read from the environment through `settings.env`, by word or by constant."""
    return {
        name
        for file in files
        for call in ast.walk(file.tree)
        if isinstance(call, ast.Call) and dotted(call.func) in _READERS and call.args
        for name in [_constants(file).get(dotted(call.args[0]), getattr(call.args[0], "value", ""))]
        if isinstance(name, str)
    }


def _constants(file: Source) -> dict[str, object]:
    return {
        dotted(node.target): node.value.value
        for node in file.tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant)
    }


def settings_in(guide: str) -> set[str]:
    """Return the names that stand first in a row of the guide's tables."""
    return set(re.findall(r"^\| `([A-Z][A-Z_]+)`", guide, re.MULTILINE))


def readers_past_env(files: Iterable[Source]) -> list[str]:
    """Return the reads of the environment outside `settings/env.py`, and outside what runs before settings do."""
    return [
        file.at(node, f"reads {dotted(node)}")
        for file in files
        if not file.is_below("helpdesk/settings/env.py", "helpdesk/embedded")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Attribute) and dotted(node) == "os.environ" and not _is_written(file, node)
    ]


def _is_written(file: Source, node: ast.Attribute) -> bool:
    return "os.environ.setdefault(" in file.lines[node.lineno - 1]


def test_the_guide_names_exactly_the_settings_that_are_read() -> None:
    guide = (ROOT / "docs" / "operator-guide.md").read_text(encoding="utf-8")

    assert settings_in(guide) == settings_read(file for file in sources() if file.path != _TESTS_OWN)


def test_the_environment_is_read_in_one_place() -> None:
    assert readers_past_env(sources()) == []


def test_a_setting_without_its_line_is_seen() -> None:
    file = Source("a.py", '_B: Final = "POSTERN_B"\nA = env.text("POSTERN_A", "x")\nB = env.integer(_B, 1)\n')

    assert settings_read([file]) == {"POSTERN_A", "POSTERN_B"}
    assert settings_in("| `POSTERN_A` | none | what |\nBesides, `POSTERN_B`.\n") == {"POSTERN_A"}


def test_a_read_past_env_is_found() -> None:
    assert readers_past_env([Source("inbox/a.py", "x = os.environ['A']\n")]) == ["inbox/a.py:1 reads os.environ"]
    assert readers_past_env([Source("helpdesk/asgi.py", "os.environ.setdefault('A', 'b')\n")]) == []
