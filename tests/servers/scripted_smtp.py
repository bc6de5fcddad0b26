"""An SMTP server that answers each verb as it is told, or hangs up: for what a well-behaved server never does."""

import socketserver

from helpdesk.demo.dovecot import HOST
from inbox.mail.imap.wire import Security
from inbox.mail.send.connection import SmtpServer
from tests.servers.loopback import Loopback, Tcp

HANG_UP = ""


class ScriptedSmtp(Loopback):
    """The server as a context manager. `answers` maps CONNECT, a verb, or DOT (the end of DATA) to the answer."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.heard: list[str] = []
        self._tcp = _Tcp((HOST, 0), _Conversation)
        self._tcp.answers = {"CONNECT": "220 hello", "DATA": "354 go on", "EHLO": "250 AUTH PLAIN"} | answers
        self._tcp.heard = self.heard
        self._tcp.in_turn = {}
        super().__init__(self._tcp)

    def answer(self, verb: str, *answers: str) -> None:
        """Answer this verb so from now on: with each of `answers` in turn, the last one for ever."""
        self._tcp.in_turn[verb] = list(answers)

    def server(self, user: str = "", password: str = "") -> SmtpServer:
        """Return how to reach it."""
        return SmtpServer(HOST, self.port, Security.PLAINTEXT_LOOPBACK, user=user, password=password)


class _Tcp(Tcp):
    answers: dict[str, str]
    heard: list[str]
    in_turn: dict[str, list[str]]


class _Conversation(socketserver.StreamRequestHandler):
    server: _Tcp

    def handle(self) -> None:
        verb = "CONNECT"
        while self._answer(verb):
            if verb == "DATA":
                self._read_mail()
                verb = "DOT"
                continue
            line = self.rfile.readline().decode().strip()
            if not line:
                return
            self.server.heard.append(line)
            verb = line.split()[0].upper()

    def _answer(self, verb: str) -> bool:
        turns = self.server.in_turn.get(verb, [])
        answer = turns[0] if turns else self.server.answers.get(verb, "250 ok")
        if len(turns) > 1:
            turns.pop(0)
        if answer == HANG_UP:
            return False
        self.wfile.write(answer.encode() + b"\r\n")
        return True

    def _read_mail(self) -> None:
        while self.rfile.readline() not in (b".\r\n", b""):
            pass
