"""HTML as plain text: blocks on their own lines, links with their address, nothing hostile takes long."""

import time

import pytest

from helpdesk.core.html import sanitise
from helpdesk.core.html_text import MAX_DEPTH, has_words_outside_quotes, html_to_text, is_too_deep


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<ul><li>one<li>two</ul>", "- one\n- two"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("<pre>x\n  y</pre>", "x\n  y"),
        ("a   b\n\tc", "a b c"),
        ("<a href='https://x.test/a'>here</a>", "here <https://x.test/a>"),
        ("<a href='https://x.test/'>x.test</a>", "x.test"),
        ("<a href='mailto:a@x.test'>a@x.test</a>", "a@x.test"),
        ("<a href='javascript:x'>y</a>", "y"),
        ("<img alt=logo src=x>", "[logo]"),
        ("above<hr>below", "above\n\nbelow"),
        ("<script>no</script><style>no</style><title>no</title>yes", "yes"),
        ("<p>new</p><blockquote>old<blockquote>older</blockquote></blockquote>end", "new\n\n> old\n>\n>> older\n\nend"),
        ("<div>a<br></div><div>b</div><br><div>c</div>", "a\nb\n\nc"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<li><p>one</p><li>two", "- one\n\n- two"),
        ("&lt;b&gt; &amp; &nbsp;x", "<b> & \xa0x"),
    ],
)
def test_html_becomes_lines(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_what_is_too_deep_loses_its_tags_only() -> None:
    html = "<div>" * (MAX_DEPTH + 1) + "deep &amp; <script>no</script>down<br>here"

    assert is_too_deep(html)
    assert html_to_text(html) == "deep & down\nhere"


def test_siblings_are_not_depth() -> None:
    assert not is_too_deep("<p>x</p>" * (MAX_DEPTH * 2))
    assert not is_too_deep("<br>" * (MAX_DEPTH * 2))


@pytest.mark.parametrize(
    ("html", "visible"),
    [
        ("<p>hi</p><div class=gmail_quote>old</div>", True),
        ("<div class=gmail_quote>old</div>", False),
        ("<div class=gmail_quote>old</div>new below", True),
        ("<div id=appendonsend></div>old", False),
        ("new<div id=appendonsend></div>old", True),
        ("<img src=cid:x><blockquote type=cite>old</blockquote>", True),
    ],
)
def test_words_outside_quotes_are_seen(html: str, visible: bool) -> None:  # noqa: FBT001 - a table's column
    assert has_words_outside_quotes(sanitise(html).html) is visible


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 50_000,
        "<ul><li>" * 20_000,
        "<" * 200_000,
        "&" * 200_000,
        "<script>" * 100_000,
        "<p " * 100_000,
        "<p>x</p>" * 300_000,
    ],
)
def test_hostile_html_takes_little_time(html: str) -> None:
    begun = time.process_time()

    html_to_text(html)

    assert time.process_time() - begun < 3.0
