"""The face of the desk: nothing inline, within its budget, readable in both themes, and whole."""

import re
from itertools import product
from pathlib import Path

import brotli  # type: ignore[import-untyped] # it has no types
import pytest
from django.conf import settings
from django.template import Engine

from helpdesk.web.templatetags.desk import FOLDER_ICONS

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MODULES = sorted((STATIC / "js").glob("*.js"))
SHEETS = sorted((STATIC / "css").glob("*.css"))
FRAMED = ROOT / "templates" / "mail" / "body.html"
"""The document inside the mail frame: its own policy allows a style of its own and what the sanitiser let through."""

INLINE = {
    "script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"\bhx-on", re.IGNORECASE),
    "script address": re.compile(r"=\s*[\"']?\s*(?:javascript|js):", re.IGNORECASE),
    "trigger filter": re.compile(r"hx-trigger=\"[^\"]*\["),
    "safe": re.compile(r"\|\s*safe\b|\bautoescape\s+off"),
}


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _found(text: str) -> list[str]:
    return [name for name, pattern in INLINE.items() if pattern.search(text)]


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_template_holds_nothing_inline(path: Path) -> None:
    allowed = ["style element", "safe"] if path == FRAMED else []

    assert _found(path.read_text(encoding="utf-8")) == allowed


@pytest.mark.parametrize(
    "planted",
    [
        "<script>alert(1)</script>",
        "<p style='x'>",
        "<style>p{}</style>",
        "<a onclick='x'>",
        "<b hx-on:click='x'>",
        '<a href="javascript:x">',
        '<i hx-trigger="click[ctrlKey]">',
        "{{ body|safe }}",
    ],
)
def test_inline_that_is_planted_is_found(planted: str) -> None:
    assert len(_found(planted)) == 1


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_template_compiles(path: Path) -> None:
    name = str(path.relative_to(ROOT / "templates"))

    assert Engine.get_default().get_template(name).name == name


def test_modules_have_no_way_to_run_text() -> None:
    wild = re.compile(
        r"\beval\(|new Function|innerHTML|outerHTML|document\.write|localStorage|sessionStorage|document\.cookie"
    )

    found = {path.name for path in MODULES if wild.search(path.read_text(encoding="utf-8"))}

    # The name of htmx's swap is the one place: text of an answer goes in there, escaped by the server.
    assert found == {"reader.js"}
    assert wild.findall((STATIC / "js" / "reader.js").read_text(encoding="utf-8")) == ["innerHTML"]


# Budget, as it goes over the wire.


def _wire(*paths: Path) -> int:
    return sum(len(brotli.compress(path.read_bytes())) for path in paths)


def test_scripts_stay_within_35_kb() -> None:
    assert _wire(*MODULES, *(STATIC / "vendor").glob("*.js")) <= 35_000


def test_the_stylesheet_stays_within_10_kb() -> None:
    assert _wire(STATIC / "css" / "app.css") <= 10_000


def test_what_a_first_visit_fetches_leaves_room_for_its_page() -> None:
    shared = [*MODULES, *(STATIC / "vendor").glob("*.js"), STATIC / "css" / "app.css", *(STATIC / "img").glob("*.svg")]

    assert _wire(*shared) <= 50_000


def test_a_first_visit_takes_16_requests_at_most() -> None:
    entry = [path for path in MODULES if path.name != "print.js"]
    page, sheet, htmx, sprite, mark, stream = 1, 1, 1, 1, 1, 1

    assert len(entry) + page + sheet + htmx + sprite + mark + stream <= 16


# The stylesheets are whole.


def _bare(css: str) -> str:
    return re.sub(r'/\*.*?\*/|"[^"]*"', "", css, flags=re.DOTALL)


def _depths(css: str) -> list[int]:
    depth, depths = 0, []
    for sign in _bare(css):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        depths.append(depth)
    return depths


@pytest.mark.parametrize("path", SHEETS, ids=_id)
def test_braces_of_a_stylesheet_fit(path: Path) -> None:
    depths = _depths(path.read_text(encoding="utf-8"))

    assert (min(depths), depths[-1]) == (0, 0)


def test_a_lost_brace_is_found() -> None:
    css = (STATIC / "css" / "app.css").read_text(encoding="utf-8")

    assert _depths(css.replace("}", "", 1))[-1] == 1


def test_every_layer_stands_by_itself() -> None:
    css = _bare((STATIC / "css" / "app.css").read_text(encoding="utf-8"))
    named = [name.strip() for name in css.split("@layer", 1)[1].split(";", 1)[0].split(",")]

    opened = re.findall(r"^@layer (\w+) \{", css, flags=re.MULTILINE)

    assert named == ["reset", "tokens", "base", "layout", "parts", "state", "print"]
    assert sorted(opened) == sorted(named)


def test_every_token_in_use_is_defined() -> None:
    css = (STATIC / "css" / "app.css").read_text(encoding="utf-8")

    used = set(re.findall(r"var\((--[\w-]+)", css))
    defined = set(re.findall(r"(--[\w-]+):", css))

    assert used - defined == set()


# Colours can be read.

PAIR = re.compile(r"(--[\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
THEMES = ("light", "dark")
GROUNDS = ("surface", "surface-2", "surface-3", "bg")
STATES = ("danger", "warn", "ok", "info", "violet", "accent")
TEXT = [
    *product(("text", "text-2", "text-3"), GROUNDS),
    *product(("text", "text-2"), ("accent-soft", "warn-soft", "danger-soft", "info-soft", "ok-soft", "note")),
    *((state, f"{state}-soft") for state in STATES),
    *((state, "surface") for state in STATES),
    *product(("link",), ("surface", "surface-2", "bg", "note")),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-toast", "toast"),
    ("toast-act", "toast"),
    ("warn", "note"),
]
CONTROLS = [
    *product(("border-strong",), ("surface", "bg", "surface-2", "note")),
    *product(("focus",), ("surface", "surface-2", "surface-3", "bg", "accent-soft", "note")),
    ("accent", "surface"),
    ("accent", "accent-soft"),
    ("warn", "surface"),
]


def _tokens() -> dict[str, tuple[str, str]]:
    css = (STATIC / "css" / "app.css").read_text(encoding="utf-8")
    return {name.removeprefix("--"): (light, dark) for name, light, dark in PAIR.findall(css)}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _weak(pairs: list[tuple[str, str]], least: float) -> list[tuple[str, str, str, float]]:
    tokens = _tokens()
    found = (
        (front, ground, theme, round(_contrast(tokens[front][at], tokens[ground][at]), 2))
        for front, ground in pairs
        for at, theme in enumerate(THEMES)
    )
    return [pair for pair in found if pair[3] < least]


def test_contrast_is_measured_as_wcag_does() -> None:
    assert (round(_contrast("#000000", "#ffffff"), 2), round(_contrast("#777777", "#ffffff"), 2)) == (21.0, 4.48)


def test_text_has_contrast_in_both_themes() -> None:
    assert _weak(TEXT, 4.5) == []


def test_controls_have_contrast_in_both_themes() -> None:
    assert _weak(CONTROLS, 3.0) == []


def test_the_admin_wears_the_colours_of_the_desk() -> None:
    own = {colour for pair in _tokens().values() for colour in pair}
    worn = set(re.findall(r"#[0-9a-f]{6}", (STATIC / "css" / "admin.css").read_text(encoding="utf-8")))

    assert worn - own == {"#8c2119", "#ffb0a8"}  # its delete button under the pointer


# Templates, modules and icons fit together.


def _all_templates() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in TEMPLATES)


def _all_modules() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in MODULES)


def test_the_sprite_holds_the_icons_in_use_and_no_others() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img" / "icons.svg").read_text(encoding="utf-8")))

    rows = (ROOT / "helpdesk" / "web" / "templatetags" / "rows.py").read_text(encoding="utf-8")
    used = set(re.findall(r'{% icon "([\w-]+)"', _all_templates())) | set(FOLDER_ICONS.values())
    used |= set(re.findall(r'\bicon\("([\w-]+)"', rows))

    assert (used - drawn, drawn - used) == (set(), set())


def test_every_button_has_its_command() -> None:
    asked = set(re.findall(r'data-command="([\w-]+)"', _all_templates()))

    known = set(re.findall(r'command\("([\w-]+)"', _all_modules()))

    assert asked - known == set()


def test_every_word_of_a_module_is_translated() -> None:
    holder = re.search(r'<template id="words"([^>]*)>', _all_templates())
    assert holder is not None
    given = {
        re.sub(r"-(\w)", lambda found: found[1].upper(), name) for name in re.findall(r" data-([\w-]+)=", holder[1])
    }

    modules = _all_modules()
    used = set(re.findall(r'\bsay\("(\w+)"', modules)) | set(re.findall(r"\bwords\.(\w+)\b", modules)) - {"error"}
    used |= {"liveOn", "liveOff", "newOne", "newMany", "themeLight", "themeDark", "themeSystem"}

    assert (used - given, given - used) == (set(), set())
