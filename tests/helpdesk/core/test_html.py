"""Hostile HTML comes out as allow-listed tags only, loads nothing, and sanitising twice is as once."""

import re
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from helpdesk.core.html import sanitise

ALLOWED_TAGS: Final = {
    "html", "head", "body", "-text", "a", "abbr", "address", "b", "big", "blockquote", "br", "caption", "center",
    "cite", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
ALLOWED_ATTRIBUTES: Final = {
    "align", "dir", "lang", "style", "title", "href", "src", "data-src", "alt", "width", "height", "bgcolor",
    "border", "cellpadding", "cellspacing", "colspan", "rowspan", "valign", "color", "face", "size", "span", "start",
    "type", "target", "rel", "data-quoted",
}  # fmt: skip
UNSAFE_STYLE: Final = re.compile(
    r"url|image|@|\\|/\*|var\(|expression|position|z-index|opacity|behavior", re.IGNORECASE
)

HOSTILE: Final = (
    "<script>alert(1)</script>",
    "<script src=//evil.test/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<img src=javascript:alert(1)>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img srcset='http://evil.test/a 1x'>",
    "<svg onload=alert(1)><circle></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1)></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<iframe src=http://evil.test/></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=http://evil.test/x></object><embed src=http://evil.test/x>",
    "<link rel=stylesheet href=http://evil.test/x.css><link rel=dns-prefetch href=//evil.test>",
    "<meta http-equiv=refresh content='0;url=http://evil.test/'><base href=http://evil.test/>",
    "<style>@import url(http://evil.test/x.css);</style>",
    "<p style='background:url(http://evil.test/x.png)'>x</p>",
    "<p style='background-image:image-set(\"http://evil.test/x\" 1x)'>x</p>",
    "<p style='color:red;background:u\\72l(http://evil.test/x)'>x</p>",
    "<p style='width:expression(alert(1))'>x</p>",
    "<p style='color:var(--x);--x:url(http://evil.test/x)'>x</p>",
    "<p style='position:fixed;top:0;left:0;z-index:9;opacity:0'>x</p>",
    "<p style='margin-left:-9999px;text-indent:-99em'>x</p>",
    "<p style='font-family:\"a;position:fixed\";color:red/**/'>x</p>",
    "<p style='content:attr(title)'>x</p>",
    "<div style='width:calc(1px*99999999)'>x</div>",
    "<a href=javascript:alert(1)>x</a><a href=' java\nscript:alert(1)'>x</a><a href=vbscript:x>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a><a href=file:///etc/passwd>x</a><a href=//evil.test>x</a>",
    "<a href=http://evil.test ping=http://evil.test/p target=_top onclick=alert(1) download>x</a>",
    "<a href=cid:x>x</a><a href=tel:1>x</a><a href=#top>x</a><a name=x id=y class=z>x</a>",
    "<form action=http://evil.test><input name=a><button>go</button><textarea></form><script>x</script>",
    "<video src=http://evil.test/v poster=http://evil.test/p><source src=http://evil.test/s></video>",
    "<audio src=http://evil.test/a autoplay></audio><track src=http://evil.test/t>",
    "<table background=http://evil.test/b><td background=http://evil.test/c>x</table>",
    "<body background=http://evil.test/b onload=alert(1)>x",
    "<input type=image src=http://evil.test/i><isindex action=http://evil.test>",
    "<img src=http://evil.test/1 data-src=http://evil.test/2 loading=eager>",
    "<img data-src=http://evil.test/3><img src=//evil.test/4><img src=/relative><img src=cid:a data-src=http://evil.test/5>",
    "<img src='cid:\"><script>alert(1)</script>'>",
    "<img src='http://evil.test/\"><script>alert(1)</script>'>",
    "<p data-quoted='\"><script>'>x</p><div data-quoted=rest class=gmail_quote id=x type=y>x</div>",
    "<p title='&lt;img src=http://evil.test/ onerror=alert(1)&gt;'>&lt;img src=http://evil.test/&gt;</p>",
    "<!--><script>alert(1)</script>--><!--[if IE]><script>alert(1)</script><![endif]--><![CDATA[<script>]]>",
    "<template><img src=x onerror=alert(1)></template><dialog open>x</dialog><details open ontoggle=alert(1)>x",
    "<xmp><img src=x onerror=alert(1)></xmp><plaintext><script>alert(1)",
    "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\">",
    "<select><style></select><img src=x onerror=alert(1)></style>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>&#0;&#13;&#x1;\r\n\x85\x0b",
    "<p lang='\"><script>' dir=rtl align=x onmouseover=alert(1)>x",
    "<b><p>x</b>y</p><table><p>z</table><a href=http://x.test/><a href=http://y.test/>w",
    "<font color=red;url(x) face='\\41' size=7 style=color:red>x</font>",
    "<marquee onstart=alert(1)>x</marquee><blink>y</blink><bgsound src=http://evil.test/>",
    "<portal src=http://evil.test></portal><fencedframe></fencedframe><canvas></canvas>",
)  # fmt: skip


def assert_harmless(html: str) -> None:
    """Fail when `html` holds a tag, attribute or address outside the allow-list, read by another parser than ours."""
    for node in LexborHTMLParser(html).css("*"):
        assert node.tag in ALLOWED_TAGS
        for name, value in node.attributes.items():
            assert name in ALLOWED_ATTRIBUTES
            if name == "href":
                assert re.match(r"(https?|mailto):", value or "")
            if name == "src":
                assert re.match(r"cid:[\w.%~-]*$", value or "")
            if name == "style":
                assert not UNSAFE_STYLE.search(value or "")


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_html_is_harmless_and_stays_as_it_is(html: str) -> None:
    once = sanitise(html)

    assert_harmless(once.html)
    assert sanitise(once.html) == once


def test_all_vectors_together_are_harmless() -> None:
    once = sanitise("".join(HOSTILE))

    assert_harmless(once.html)
    assert sanitise(once.html) == once


@pytest.mark.parametrize("html", ["<script>x</script>", "<p style='position:fixed'>x</p>", "<img src=http://x.test/>"])
def test_the_check_sees_what_is_harmful(html: str) -> None:
    with pytest.raises(AssertionError):
        assert_harmless(html)


pieces = st.one_of(
    st.sampled_from(HOSTILE),
    st.sampled_from(
        [
            "<",
            ">",
            '"',
            "'",
            "&",
            "&lt;",
            "&quot;",
            "</",
            "<!--",
            "-->",
            "<p",
            "<td>",
            "<a href=http://x.test/>",
            "=",
            " ",
        ]
    ),
    st.text(max_size=20),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=12).map("".join))
def test_any_mixture_is_harmless_and_stays_as_it_is(html: str) -> None:
    once = sanitise(html)

    assert_harmless(once.html)
    assert "\x00" not in once.html
    assert sanitise(once.html) == once


def test_remote_images_are_held_back_and_counted() -> None:
    safe = sanitise(
        "<img src=http://a.test/1 alt=one><img src=https://a.test/2><img src='CID:Pic@x'><img data-src=http://a.test/3>"
    )

    assert safe.remote_images == 3
    assert safe.cids == frozenset({"pic@x"})
    assert safe.html == (
        '<img alt="one" data-src="http://a.test/1"><img data-src="https://a.test/2"><img src="cid:Pic%40x">'
        '<img data-src="http://a.test/3">'
    )


def test_a_cid_that_is_percent_encoded_is_the_same() -> None:
    assert sanitise("<img src='cid:a%40b'>") == sanitise("<img src='cid:a@b'>")


def test_links_open_apart_and_tell_nothing() -> None:
    safe = sanitise("<a href='HTTP://x.test/?a=1&b=2' title=t target=_top rel=opener>x</a>")

    assert safe.html == (
        '<a href="http://x.test/?a=1&amp;b=2" title="t" target="_blank" rel="noopener noreferrer nofollow">x</a>'
    )


def test_harmless_styles_stay() -> None:
    style = "COLOR: Red !important; display: grid; display: block; font-family: Arial, sans-serif; color: rgb(1,2,3)"

    safe = sanitise(f"<p style='{style}'>x</p>")

    assert safe.html == '<p style="color: Red; display: block; font-family: Arial, sans-serif; color: rgb(1,2,3)">x</p>'


@pytest.mark.parametrize(
    ("html", "mark"),
    [
        ("<div class='gmail_quote x'>q</div>", '<div data-quoted="1">q</div>'),
        ("<blockquote type=cite cite=mid:x>q</blockquote>", '<blockquote data-quoted="1">q</blockquote>'),
        ("<div id=divRplyFwdMsg>q</div>", '<div data-quoted="rest">q</div>'),
        ("<div class=other id=more>q</div>", "<div>q</div>"),
        ("<blockquote>q</blockquote>", "<blockquote>q</blockquote>"),
    ],
)
def test_quoted_history_is_marked(html: str, mark: str) -> None:
    safe = sanitise(html)

    assert safe.html == mark
    assert safe.quotes is ("data-quoted" in mark)
