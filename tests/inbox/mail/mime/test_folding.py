"""Quoted history is found in many languages, and nothing is folded that the sender wrote."""

import time

import pytest

from inbox.mail.mime.folding import MARKER_LINE, fold_at, is_forward, passes_on

NEW = "Thanks, that works.\n\nMara\n\n"
QUOTE = "> Hello Mara,\n> please try again.\n"


@pytest.mark.parametrize(
    "line",
    [
        "On Mon, 5 Oct 2026 at 10:15, Desk <desk@example.net> wrote:",
        "On Mon, 5 Oct 2026 at 10:15, The Desk of Example Net\n<desk@example.net> wrote:",
        "Am 05.10.2026 um 10:15 schrieb Desk:",
        "Am Mo., 5. Okt. 2026 um 10:15 Uhr schrieb Desk <desk@example.net>:",
        "Le lun. 5 oct. 2026 à 10:15, Desk <desk@example.net> a écrit :",
        "El lun, 5 oct 2026 a las 10:15, Desk (<desk@example.net>) escribió:",
        "Il giorno lun 5 ott 2026 alle ore 10:15 Desk <desk@example.net> ha scritto:",
        "Em seg., 5 de out. de 2026 às 10:15, Desk <desk@example.net> escreveu:",
        "Op ma 5 okt 2026 om 10:15 schreef Desk <desk@example.net>:",
        "pon., 5 paź 2026 o 10:15 Desk <desk@example.net> napisał(a):",
        "Den mån 5 okt. 2026 kl 10:15 skrev Desk <desk@example.net>:",
        "man. 5. okt. 2026 kl. 10:15 skrev Desk <desk@example.net>:",
        "po 5. 10. 2026 v 10:15 odesílatel Desk <desk@example.net> napsal:",
        "Desk <desk@example.net>, 5 Eki 2026 Pzt, 10:15 tarihinde şunu yazdı:",
        "пн, 5 окт. 2026 г. в 10:15, Desk <desk@example.net> написал:",
        "Desk <desk@example.net> 于2026年10月5日周一 10:15写道：",
        "2026年10月5日(月) 10:15 Desk <desk@example.net> のメッセージ:",
        "Desk wrote:",
        "Desk/HQ/Example wrote on 05.10.2026 10:15:00:",
        "---- On Mon, 05 Oct 2026 10:15:00 +0200 Desk <desk@example.net> wrote ----",
        "2026년 10월 5일 (월) 오전 10:15, Desk <desk@example.net>님이 작성:",
        "في الاثنين، 5 أكتوبر 2026 في 10:15 ص تمت كتابة ما يلي بواسطة Desk <desk@example.net>:",
        "\u202bבתאריך יום ב׳, 5 באוק׳ 2026 ב-10:15 מאת \u202aDesk\u202c <desk@example.net>:\u202c",
        "Στις Δευ 5 Οκτ 2026 στις 10:15 π.μ., ο/η Desk <desk@example.net> έγραψε:",
        "ma 5. lokak. 2026 klo 10.15 Desk (desk@example.net) kirjoitti:",
        "Desk <desk@example.net> ezt írta (időpont: 2026. okt. 5., H, 10:15):",
        "În lun., 5 oct. 2026 la 10:15, Desk <desk@example.net> a scris:",
        "пн, 5 жовт. 2026 р. о 10:15 Desk <desk@example.net> пише:",
        "Vào Th 2, 5 thg 10, 2026 vào lúc 10:15 Desk <desk@example.net> đã viết:",
        "2026/10/05 10:15、Desk <desk@example.net>のメール:",
        "Quoting Desk <desk@example.net>:",
        "* Desk <desk@example.net> [2026-10-05 10:15]:",
    ],
)
def test_the_line_above_a_quote_is_folded_with_it(line: str) -> None:
    text = f"{NEW}{line}\n\n{QUOTE}"

    assert fold_at(text) == len(NEW)


@pytest.mark.parametrize(
    "block",
    [
        "-----Original Message-----\nFrom: Desk\n",
        "-----Ursprüngliche Nachricht-----\nVon: Desk\n",
        "-------- Message d'origine --------\nDe : Desk\n",
        "----- Mensaje original -----\n",
        "----- Messaggio originale -----\n",
        "-----Oorspronkelijk bericht-----\n",
        "From: Desk <desk@example.net>\nSent: Monday, 5 October 2026 10:15\nTo: Mara\nSubject: Re: Pump\n\nHello\n",
        "Von: Desk <desk@example.net>\nGesendet: Montag, 5. Oktober 2026\nAn: Mara\nBetreff: AW: Pumpe\n\nHallo\n",
        "De : Desk\nEnvoyé : lundi 5 octobre 2026 10:15\nÀ : Mara\n\nBonjour\n",
        "*From:* Desk\n*Sent:* Monday\n*To:* Mara\n\nHello\n",
        "________________________________\nFrom: Desk\nSent: Monday\n\nHello\n",
        f"{MARKER_LINE}\n\nHello\n",
        "Gesendet: Montag, 05. Oktober 2026 um 10:15 Uhr\nVon: Desk\nAn: Mara\nBetreff: Pumpe\n\nHallo\n",
        "From:  Desk/HQ/Example\nTo:  Mara\nDate:  05.10.2026 10:15\n\nHello\n",
        "差出人: Desk\n送信日時: 2026年10月5日 10:15\n宛先: Mara\n\nこんにちは\n",
        "发件人：Desk\n发送时间：2026年10月5日\n收件人：Mara\n\n您好\n",
        "보낸 사람: Desk\n보낸 날짜: 2026년 10월 5일\n받는 사람: Mara\n\n안녕하세요\n",
        "От: Desk\nОтправлено: 5 октября 2026 г. 10:15\nКому: Mara\n\nДобрый день\n",
        "من: Desk\nتاريخ الإرسال: 5 أكتوبر 2026\nإلى: Mara\n\nمرحبا\n",
        "Kimden: Desk\nGönderme Tarihi: 5 Ekim 2026\nKime: Mara\n\nMerhaba\n",
        "Van: Desk\nVerzonden: maandag 5 oktober 2026 10:15\nAan: Mara\n\nDag\n",
        "Od: Desk\nWysłano: poniedziałek, 5 października 2026\nDo: Mara\n\nDzień dobry\n",
        "------------------ 原始邮件 ------------------\n发件人: Desk\n\n您好\n",
        "------- Original Message -------\nOn Monday, 5 Oct 2026 at 10:15, Desk <desk@example.net> wrote:\n\nHello\n",
        "On Mon, 5 Oct 2026, Desk <desk@example.net> wrote:\nHello Mara,\nno marks here.\n",
        QUOTE,
        f"{QUOTE}-- \nMara Lindt\nExample Works\n",
        f"{QUOTE}______________________\nUsers mailing list\n",
        "> a long line that was\nwrapped\n> badly\n",
    ],
)
def test_history_to_the_end_is_folded(block: str) -> None:
    assert fold_at(NEW + block) == len(NEW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        NEW,
        QUOTE,
        f"On Mon, 5 Oct 2026, Desk wrote:\n{QUOTE}",
        f"{QUOTE}\nBelow your words is my answer.\n",
        f"Desk wrote:\n{QUOTE}\nMy answer.\n\n{QUOTE}\nAnd my second answer, which is longer.\n",
        "From: the start we had trouble\nTo: this day it has not ended\n",
        "He wrote:\nplease come\n",
        "We travel.\n\nFrom: Berlin\nTo: Köln\nDate: 5 October\nPersons: 3\n",
        "Please send 3 copies to kim@example.org:\n- the plan\n- the list\n",
        "See below.\n\n---------- Forwarded message ---------\nFrom: Kim <k@example.org>\nDate: 5 Oct 2026\n\nHelp\n",
        "See below.\n\nAnfang der weitergeleiteten Nachricht:\n\nVon: Kim\nGesendet: Montag\n\nHilfe\n",
        "Our sizes:\n----------\nfrom 1 to 9\n",
        "On 5 October 2026 my neighbour wrote:\n",
    ],
)
def test_what_the_sender_wrote_is_not_folded(text: str) -> None:
    assert fold_at(text) is None


def test_a_forward_deep_in_the_history_hides_nothing_of_it() -> None:
    text = f"{NEW}From: Desk\nSent: Monday 10:15\n\nSee below.\n\n-------- Forwarded Message --------\nFrom: Kim\n"

    assert fold_at(text) == len(NEW)
    assert not passes_on(text, "Re: x")
    assert passes_on("See below.\n\n-------- Forwarded Message --------\nFrom: Kim\n", "Re: x")


def test_a_forward_is_folded_only_as_a_reply() -> None:
    text = "Can you help?\n\nFrom: Kim\nSent: Monday\nTo: Mara\n\nThe heating is off.\n"

    assert fold_at(text, forwarded=True) is None
    assert fold_at(text) == len("Can you help?\n\n")


@pytest.mark.parametrize(
    ("subject", "forward"), [("Fwd: x", True), ("WG: x", True), ("TR : x", True), ("Re: x", False), ("fw", False)]
)
def test_a_forward_is_known_by_its_subject(subject: str, forward: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_forward(subject) is forward


@pytest.mark.parametrize(
    "text",
    [
        "On " * 20_000,
        "On 1 Kim wrote:\n> x\nfoo\n" * 30_000,
        " " * 100_000,
        "-" * 60_000,
        ">" * 100_000,
        "On " + "x" * 100_000 + " wrote:\n> x",
        "From: a\nSent: b\n" * 40_000,
        "___________\n" * 10_000,
    ],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    begun = time.process_time()

    fold_at(text)

    assert time.process_time() - begun < 2.0
