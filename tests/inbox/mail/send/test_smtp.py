"""Handing a mail in ends in one of four outcomes, and what arrives is what was composed."""

import time
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.mail.imap.wire import Security, Server, Step, StepResult
from inbox.mail.send.connection import SmtpServer, probe_smtp
from inbox.mail.send.smtp import Letter, Outcome, OutcomeKind, TurnedAway, deliver
from tests.servers.certs import Certs
from tests.servers.scripted_smtp import HANG_UP, ScriptedSmtp
from tests.servers.smtp import DROP, FREEZE, Protection, SmtpHost

_SENDER = "support@example.org"
_KIM = "kim@example.net"
_PAT = "pat@example.net"
_MAIL = b"From: support@example.org\r\nSubject: Hello\r\n\r\nA line.\r\n"


def _deliver(
    server: SmtpServer, *recipients: str, mime: bytes = _MAIL, sender: str = _SENDER, timeout_s: float = 5
) -> Outcome:
    return deliver(server, Letter(sender, recipients or (_KIM,), mime), timeout_s=timeout_s)


def test_mail_is_sent_with_its_envelope(smtp_host: SmtpHost) -> None:
    outcome = _deliver(smtp_host.server(), _KIM, _PAT)

    assert outcome == Outcome(OutcomeKind.SENT, "2.0.0 kept", 250, accepted=(_KIM, _PAT))
    [received] = smtp_host.received
    assert (received.sender, received.recipients, received.mime) == (_SENDER, (_KIM, _PAT), _MAIL)
    assert received.options == (f"SIZE={len(_MAIL)}",)


def test_null_sender_stays_null(smtp_host: SmtpHost) -> None:
    outcome = _deliver(smtp_host.server(), sender="")

    assert outcome.kind is OutcomeKind.SENT
    assert smtp_host.received[0].sender == ""


@pytest.mark.parametrize(
    "body",
    [b".", b"..", b".\r\n.\r\n", b"\r\n.\r\n", b".hidden\r\n..\r\n", b"no line end", b"", "Grüße\r\n.\r\n".encode()],
)
def test_dots_and_eight_bits_arrive_unchanged(smtp_host: SmtpHost, body: bytes) -> None:
    mime = b"Subject: x\r\n\r\n" + body

    outcome = _deliver(smtp_host.server(), mime=mime)

    ended = mime if mime.endswith(b"\r\n") else mime + b"\r\n"
    assert outcome.kind is OutcomeKind.SENT
    assert [mail.mime for mail in smtp_host.received] == [ended]


def test_bare_line_ends_cannot_smuggle_a_second_mail(smtp_host: SmtpHost) -> None:
    smuggled = b"Subject: x\r\n\r\none\n.\nMAIL FROM:<evil@example.com>\r.\rtwo\r\n"

    outcome = _deliver(smtp_host.server(), mime=smuggled)

    assert outcome.kind is OutcomeKind.SENT
    assert [mail.mime for mail in smtp_host.received] == [
        b"Subject: x\r\n\r\none\r\n.\r\nMAIL FROM:<evil@example.com>\r\n.\r\ntwo\r\n"
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"a", b"\xff", b" "]), max_size=30).map(b"".join))
def test_any_body_arrives_as_one_mail(smtp_host: SmtpHost, body: bytes) -> None:
    smtp_host.received.clear()

    outcome = _deliver(smtp_host.server(), mime=b"Subject: x\r\n\r\n" + body)

    assert outcome.kind is OutcomeKind.SENT
    [received] = smtp_host.received
    assert received.mime.replace(b"\r\n", b"") == b"Subject: x" + body.replace(b"\r", b"").replace(b"\n", b"")
    assert b"\n" not in received.mime.replace(b"\r\n", b"")


def test_refused_recipient_is_named_with_the_servers_words(smtp_host: SmtpHost) -> None:
    smtp_host.mood.rcpt = {_PAT: "550 5.1.1 nobody of that name"}

    alone = _deliver(smtp_host.server(), _PAT)
    beside = _deliver(smtp_host.server(), _KIM, _PAT)

    turned = TurnedAway(_PAT, 550, "5.1.1 nobody of that name", again=False)
    assert alone == Outcome(
        OutcomeKind.REFUSED, "5.1.1 nobody of that name", 550, turned_away=(turned,), about_recipient=True
    )
    assert beside == Outcome(OutcomeKind.SENT, "2.0.0 kept", 250, accepted=(_KIM,), turned_away=(turned,))
    assert [mail.recipients for mail in smtp_host.received] == [(_KIM,)]


def test_recipient_to_try_later_defers_the_mail(smtp_host: SmtpHost) -> None:
    smtp_host.mood.rcpt = {_KIM: "451 4.7.1 greylisted", _PAT: "550 5.1.1 nobody"}

    outcome = _deliver(smtp_host.server(), _PAT, _KIM)

    assert (outcome.kind, outcome.code, outcome.words, outcome.again) == (
        OutcomeKind.DEFERRED,
        451,
        "4.7.1 greylisted",
        True,
    )
    assert [(one.recipient, one.again) for one in outcome.turned_away] == [(_PAT, False), (_KIM, True)]
    assert smtp_host.received == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("250 taken", OutcomeKind.SENT),
        ("451 4.3.0 later", OutcomeKind.DEFERRED),
        ("554 5.7.1 spam", OutcomeKind.REFUSED),
        ("999 whatever", OutcomeKind.UNCERTAIN),
        (DROP, OutcomeKind.UNCERTAIN),
        (FREEZE, OutcomeKind.UNCERTAIN),
    ],
)
def test_answer_after_the_final_dot_decides(smtp_host: SmtpHost, answer: str, kind: OutcomeKind) -> None:
    smtp_host.mood.answers = [answer]
    began = time.monotonic()

    outcome = _deliver(smtp_host.server(), timeout_s=1)
    smtp_host.left.set()

    assert outcome.kind is kind
    assert outcome.again is (kind is OutcomeKind.DEFERRED)
    assert len(smtp_host.received) == 1
    assert time.monotonic() - began < 5


def test_refused_sender_refuses_the_mail(smtp_host: SmtpHost) -> None:
    smtp_host.mood.mail_from = "550 5.7.1 not your address"

    outcome = _deliver(smtp_host.server())

    assert (outcome.kind, outcome.code, outcome.words) == (OutcomeKind.REFUSED, 550, "5.7.1 not your address")
    smtp_host.mood.mail_from = "421 4.3.2 going down"
    assert _deliver(smtp_host.server()).kind is OutcomeKind.DEFERRED
    assert smtp_host.received == []


def test_absent_server_defers(smtp_host: SmtpHost) -> None:
    server = SmtpServer("127.0.0.1", 1, Security.PLAINTEXT_LOOPBACK)

    outcome = _deliver(server)

    assert (outcome.kind, outcome.step, outcome.words) == (OutcomeKind.DEFERRED, Step.TCP, "Connection refused")


def test_too_large_mail_is_refused_before_it_is_sent() -> None:
    with SmtpHost(Protection(size_limit=1000)) as host:
        large = _deliver(host.server(), mime=_MAIL + b"x" * 1000)
        fitting = _deliver(host.server(), mime=_MAIL)
        host.mood.hidden = {"SIZE"}
        untold = _deliver(host.server(), mime=_MAIL + b"x" * 70 + b"\r\n" + b"y" * 900)

    assert large == Outcome(OutcomeKind.REFUSED, f"The mail has {len(_MAIL) + 1000} bytes, the server takes 1000.")
    assert fitting.kind is OutcomeKind.SENT
    assert (untold.kind, untold.code) == (OutcomeKind.REFUSED, 552)


def test_extensions_are_used_where_offered(smtp_host: SmtpHost) -> None:
    mime = "Subject: x\r\n\r\nGrüße\r\n".encode()

    outcome = _deliver(smtp_host.server(), "jörg@bücher.example", mime=mime)

    assert outcome.accepted == ("jörg@bücher.example",)
    [received] = smtp_host.received
    assert received.recipients == ("jörg@xn--bcher-kva.example",)
    assert received.options == (f"SIZE={len(mime)}", "BODY=8BITMIME", "SMTPUTF8")


def test_missing_extensions_are_told(smtp_host: SmtpHost) -> None:
    smtp_host.mood.hidden = {"8BITMIME", "SMTPUTF8"}

    eight_bit = _deliver(smtp_host.server(), mime="Subject: x\r\n\r\nGrüße\r\n".encode())
    name = _deliver(smtp_host.server(), "jörg@example.net", _KIM)
    sender = _deliver(smtp_host.server(), sender="jörg@example.org")
    domain = _deliver(smtp_host.server(), "kim@bücher.example")

    assert eight_bit == Outcome(OutcomeKind.REFUSED, "The server takes no 8-bit mail.")
    turned = TurnedAway("jörg@example.net", 0, "The server takes no recipient outside ASCII.", again=False)
    assert (name.kind, name.accepted, name.turned_away) == (OutcomeKind.SENT, (_KIM,), (turned,))
    assert sender == Outcome(OutcomeKind.REFUSED, "The server takes no sender outside ASCII.")
    assert domain.kind is OutcomeKind.SENT


@pytest.mark.parametrize("address", ["no address", "a@b>\r\nRCPT TO:<x@y", "<a@example.net>", "a b@example.net", ""])
def test_malformed_addresses_never_reach_the_server(smtp_host: SmtpHost, address: str) -> None:
    recipient = _deliver(smtp_host.server(), address)
    sender = _deliver(smtp_host.server(), sender=address or "x")

    assert (recipient.kind, recipient.words) == (OutcomeKind.REFUSED, "This is no address.")
    assert (sender.kind, sender.words) == (OutcomeKind.REFUSED, "The sender is no address.")
    assert smtp_host.received == []


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_verified_tls_and_password_let_a_mail_through(certs: Certs, security: Security) -> None:
    protection = Protection(certs.good, from_first_byte=security is Security.TLS, user="desk", password="grün & blau")
    with SmtpHost(protection) as host:
        sent = _deliver(host.server(security, ca=certs.ca))
        wrong = SmtpServer("localhost", host.port, security, str(certs.ca), "desk", "hunter2")
        refused = _deliver(wrong)
        tested = probe_smtp(host.server(security, ca=certs.ca))

    assert sent.kind is OutcomeKind.SENT
    assert (refused.kind, refused.step) == (OutcomeKind.DEFERRED, Step.SIGN_IN)
    assert "hunter2" not in refused.words
    assert tested == [StepResult(step, ok=True) for step in (Step.DNS, Step.TCP, Step.TLS, Step.SIGN_IN, Step.SEND)]
    assert len(host.received) == 1


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize("leaf", ["expired", "wrong_host", "good"])
def test_unverifiable_server_gets_nothing(certs: Certs, security: Security, leaf: str) -> None:
    authority: Path = certs.other_ca if leaf == "good" else certs.ca
    with SmtpHost(Protection(getattr(certs, leaf), from_first_byte=security is Security.TLS)) as host:
        outcome = _deliver(host.server(security, ca=authority))

    assert (outcome.kind, outcome.step) == (OutcomeKind.DEFERRED, Step.TLS)
    assert host.received == []


def test_stripped_starttls_fails_closed(certs: Certs) -> None:
    with SmtpHost(Protection(certs.good)) as host:
        whole = _deliver(host.server(Security.STARTTLS, ca=certs.ca))
        host.mood.hidden = {"STARTTLS"}
        stripped = _deliver(host.server(Security.STARTTLS, ca=certs.ca))

    assert whole.kind is OutcomeKind.SENT
    assert (stripped.kind, stripped.step) == (OutcomeKind.DEFERRED, Step.TLS)
    assert "STARTTLS" in stripped.words
    assert len(host.received) == 1


def test_probe_names_the_failing_step_and_sends_nothing(smtp_host: SmtpHost) -> None:
    good = probe_smtp(smtp_host.server())
    closed = probe_smtp(SmtpServer("127.0.0.1", 1, Security.PLAINTEXT_LOOPBACK))
    no_account = probe_smtp(
        SmtpServer("127.0.0.1", smtp_host.port, Security.PLAINTEXT_LOOPBACK, user="desk", password="x")
    )

    assert [(result.step, result.ok) for result in good] == [
        (Step.DNS, True),
        (Step.TCP, True),
        (Step.SIGN_IN, True),
        (Step.SEND, True),
    ]
    assert closed == [StepResult(Step.DNS, ok=True), StepResult(Step.TCP, ok=False, words="Connection refused")]
    assert (no_account[-1].step, no_account[-1].ok) == (Step.SIGN_IN, False)
    assert smtp_host.received == []


def test_server_of_a_mail_shows_no_password() -> None:
    server = SmtpServer("mail.example.org", 465, Security.TLS, None, "desk", "hunter2")

    assert "hunter2" not in repr(server)
    assert server.address == Server("mail.example.org", 465, Security.TLS)


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
def test_only_a_line_lost_after_the_dot_is_uncertain(verb: str) -> None:
    with ScriptedSmtp({verb: HANG_UP}) as host:
        outcome = _deliver(host.server())

    kind = OutcomeKind.UNCERTAIN if verb == "DOT" else OutcomeKind.DEFERRED
    assert (outcome.kind, outcome.accepted) == (kind, (_KIM,) if verb == "DOT" else ())
    assert outcome.words


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ({"DATA": "554 5.5.1 no valid recipients"}, OutcomeKind.REFUSED, 554),
        ({"DATA": "450 4.3.2 busy"}, OutcomeKind.DEFERRED, 450),
        ({"RCPT": "421 4.3.2 closing"}, OutcomeKind.DEFERRED, 421),
        ({"CONNECT": "554 no service"}, OutcomeKind.DEFERRED, 0),
        ({"EHLO": "502 what", "HELO": "250 hello"}, OutcomeKind.SENT, 250),
    ],
)
def test_refusals_at_each_verb(answers: dict[str, str], kind: OutcomeKind, code: int) -> None:
    with ScriptedSmtp(answers) as host:
        outcome = _deliver(host.server())

    assert (outcome.kind, outcome.code) == (kind, code)


def test_password_echoed_by_the_server_is_blotted_out() -> None:
    with ScriptedSmtp({"AUTH": "535 5.7.8 sch\u00f6n is wrong"}) as host:
        outcome = _deliver(host.server("desk", "schön"))
        tested = probe_smtp(host.server("desk", "schön"))

    assert (outcome.kind, outcome.step, outcome.words) == (OutcomeKind.DEFERRED, Step.SIGN_IN, "5.7.8 *** is wrong")
    assert tested[-1] == StepResult(Step.SIGN_IN, ok=False, words="5.7.8 *** is wrong")


def test_probe_tells_of_a_server_without_a_sign_of_life() -> None:
    with ScriptedSmtp({"NOOP": "421 4.3.2 going down"}) as host:
        tested = probe_smtp(host.server())

    assert tested[-1] == StepResult(Step.SEND, ok=False, words="4.3.2 going down")


def test_mail_without_recipient_is_refused(smtp_host: SmtpHost) -> None:
    outcome = deliver(smtp_host.server(), Letter(_SENDER, (), _MAIL), timeout_s=5)

    assert outcome == Outcome(OutcomeKind.REFUSED, "The mail has no recipient.", about_recipient=True)


_DSN: Final = {"EHLO": "250-AUTH PLAIN\r\n250 DSN"}


def test_a_report_is_asked_for_where_the_server_gives_one() -> None:
    letter = Letter(_SENDER, (_KIM,), _MAIL, "v.abc")
    with ScriptedSmtp(_DSN) as host, ScriptedSmtp({}) as plain:
        sent = deliver(host.server(), letter, timeout_s=5)
        deliver(host.server(), Letter("", (_KIM,), _MAIL, "v.abc"), timeout_s=5)
        deliver(plain.server(), letter, timeout_s=5)

    assert sent.kind is OutcomeKind.SENT
    envelope = [line for line in host.heard if line.startswith(("MAIL", "RCPT"))]
    assert envelope == [
        f"MAIL FROM:<{_SENDER}> RET=HDRS ENVID=v.abc",
        f"RCPT TO:<{_KIM}> NOTIFY=FAILURE,DELAY",
        "MAIL FROM:<>",
        f"RCPT TO:<{_KIM}> NOTIFY=NEVER",
    ]
    assert [line for line in plain.heard if line.startswith(("MAIL", "RCPT"))] == [
        f"MAIL FROM:<{_SENDER}>",
        f"RCPT TO:<{_KIM}>",
    ]


def test_a_head_outside_ascii_needs_a_server_that_reads_it(smtp_host: SmtpHost) -> None:
    mime = "To: j\u00f6@example.net\r\nCc: kim@example.net\r\n\r\nA line.\r\n".encode()

    taken = _deliver(smtp_host.server(), mime=mime)
    smtp_host.mood.hidden = {"SMTPUTF8"}
    refused = _deliver(smtp_host.server(), mime=mime)

    assert taken.kind is OutcomeKind.SENT
    assert "SMTPUTF8" in smtp_host.received[0].options
    assert refused == Outcome(OutcomeKind.REFUSED, "The server takes no addresses outside ASCII.")
    assert len(smtp_host.received) == 1
