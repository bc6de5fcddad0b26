"""Templates, scripts and style sheets: nothing inline, nothing marked as safe, every brace closed."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT

_UNSAFE: Final = {
    "marks as safe": re.compile(r"\|\s*safe(?:seq)?\b|{%\s*autoescape\s+off"),
    "holds an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "holds an inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "holds an inline handler": re.compile(r"\son[a-z]+\s*=|hx-on|[\"']js:", re.IGNORECASE),
    "loads from elsewhere": re.compile(r"\b(?:src|action)\s*=\s*[\"']https?:", re.IGNORECASE),
}
_CSS_QUIET: Final = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", re.DOTALL)


def unsafe_markup(text: str) -> list[str]:
    """Return what a template does that the policy forbids; Django's own comments are no markup."""
    bare = re.sub(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}", "", text, flags=re.DOTALL)
    return [what for what, pattern in _UNSAFE.items() if pattern.search(bare)]


def open_braces(text: str) -> int:
    """Return how many braces of a style sheet stay open (or close too often, below 0)."""
    bare = _CSS_QUIET.sub("", text)
    return bare.count("{") - bare.count("}")


def _pages(folder: str, pattern: str) -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob(pattern)) if "vendor" not in path.parts]


def _texts(folder: str, pattern: str, judge: Callable[[str], object]) -> dict[str, object]:
    return {
        str(path.relative_to(ROOT)): found
        for path in _pages(folder, pattern)
        if (found := judge(path.read_text(encoding="utf-8")))
    }


def test_templates_hold_nothing_inline() -> None:
    found = _texts("templates", "*.html", unsafe_markup)

    # A mail's own document: sanitised in the parsing child, shown in a sandboxed frame under a policy of its own.
    assert found.pop("templates/mail/body.html") == ["marks as safe", "holds an inline style"]
    assert found == {}


def test_style_sheets_close_their_braces() -> None:
    assert _texts("static", "*.css", open_braces) == {}


@pytest.mark.parametrize(
    ("markup", "what"),
    [
        ("{{ body|safe }}", "marks as safe"),
        ("{% autoescape off %}", "marks as safe"),
        ("<script>alert(1)</script>", "holds an inline script"),
        ('<p style="color:red">', "holds an inline style"),
        ("<style>p{}</style>", "holds an inline style"),
        ('<a onclick="x()">', "holds an inline handler"),
        ('<a hx-on:click="x()">', "holds an inline handler"),
        ('<img src="https://elsewhere.example/x.png">', "loads from elsewhere"),
    ],
)
def test_planted_markup_is_found(markup: str, what: str) -> None:
    assert unsafe_markup(markup) == [what]


def test_clean_markup_passes() -> None:
    clean = '{# |safe is never used #}<script type="module" src="{% static "js/app.js" %}"></script><p class="on">'

    assert unsafe_markup(clean) == []


def test_an_open_brace_is_counted() -> None:
    assert open_braces("a { color: red; /* } */ } b::after { content: '}'; ") == 1
    assert open_braces("@layer base { a { color: red; } }") == 0
