"""Quoted history in HTML: known containers of mail programs, and blocks that begin like a header; all stays there."""

import time
from typing import Final

import pytest

from inbox.mail.mime.html_folding import marked, unmarked, with_fold
from inbox.mail.mime.parse import parse

OUTLOOK: Final = (
    "<div class=WordSection1><p class=MsoNormal>New words</p><div><div style='border:none;border-top:solid #E1E1E1 "
    "1.0pt;padding:3.0pt 0cm 0cm 0cm'><p><b>From:</b> Desk</p></div></div><p>old</p></div>"
)
RULE: Final = "<div>New words</div><hr><p><b>Von:</b> Desk<br><b>Gesendet:</b> Montag<br><b>An:</b> Mara</p><p>old</p>"
SHOWN: Final = "<div>New words</div>"


def read(html: str, subject: str = "Re: x") -> tuple[bool, str]:
    """Return whether a mail of this HTML folds, and its safe HTML."""
    head = f"From: mara@example.org\nSubject: {subject}\nContent-Type: text/html; charset=utf-8\n\n"
    mail = parse((head + html).encode())
    return mail.html_fold, mail.html


@pytest.mark.parametrize(
    "html",
    [
        f'{SHOWN}<div class="gmail_quote gmail_quote_container">On Mon, Desk wrote:<blockquote>old</blockquote></div>',
        f'{SHOWN}<div class="yahoo_quoted" id="yahoo_quoted_42">old</div>',
        f'{SHOWN}<blockquote type="cite">old</blockquote>',
        f'{SHOWN}<div class="moz-cite-prefix">Desk wrote:</div><blockquote type="cite">old</blockquote>',
        f'{SHOWN}<div class="protonmail_quote">old</div>',
        f'{SHOWN}<div class="zmail_extra">old</div>',
        f'{SHOWN}<div name="quote">old</div>',
        f'{SHOWN}<div name="messageReplySection">old</div>',
        f'{SHOWN}<div class="aolReplacedBody">old</div>',
        f'{SHOWN}<blockquote id="isReplyContent">old</blockquote>',
        f'{SHOWN}<div id="mail-editor-reference-message-container">old</div>',
        f'{SHOWN}<span id="OLK_SRC_BODY_SECTION">old</span>',
        f'{SHOWN}<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: Desk</div><p>old</p>',
        f'{SHOWN}<div id="x_divRplyFwdMsg">From: Desk</div><p>old</p>',
        f'{SHOWN}<div id="ms-outlook-mobile-body-separator-line">From: Desk</div><p>old</p>',
        OUTLOOK,
        RULE,
        f"{SHOWN}<div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>old</div>",
        f"{SHOWN}<div>-------- Original message --------</div><div>From: Desk</div>",
        f"{SHOWN}<p>差出人: Desk<br>送信日時: 2026年10月5日 10:15</p><p>old</p>",
    ],
)
def test_the_history_is_marked_and_kept(html: str) -> None:
    folds, shown = read(html)

    assert folds
    assert "New words" in shown.partition(" data-quoted=")[0]
    assert ("old" in shown) == ("old" in html)


@pytest.mark.parametrize(
    "html",
    [
        '<blockquote type="cite">old</blockquote>',
        "<p>He said:</p><blockquote>a quotation of mine</blockquote><p>and so on</p>",
        "<p>We travel.</p><p>From: Berlin<br>To: Köln<br>Date: 5 October</p>",
        "<hr><p>Von: hier<br>Nach: dort</p>",
        SHOWN,
    ],
)
def test_what_the_sender_wrote_is_not_marked(html: str) -> None:
    folds, shown = read(html)

    assert not folds
    assert "data-quoted" not in shown


@pytest.mark.parametrize("subject", ["Fwd: x", "WG: x", "TR: x"])
def test_a_mail_that_was_passed_on_is_shown_whole(subject: str) -> None:
    assert read(RULE)[0]
    assert read(RULE, subject) == (False, unmarked(read(RULE)[1]))


def test_words_that_look_like_a_mark_stay() -> None:
    words = '<p>He writes data-quoted="1" here</p>'

    assert unmarked(words) == words
    assert with_fold(words, passed_on=True) == (words, False)


@pytest.mark.parametrize("html", ["<p>" * 60_000, "<div>From: a<br>" * 15_000, "<hr>" * 60_000, "<p " * 80_000])
def test_hostile_html_takes_no_time(html: str) -> None:
    begun = time.process_time()

    marked(html)

    assert time.process_time() - begun < 2.0
