"""A tiny scripted IMAP4rev1 server without any extension: what RFC 3501 does not know is answered by BAD."""

import re
import socketserver
from dataclasses import dataclass, field
from typing import Final

from helpdesk.demo.dovecot import HOST
from inbox.mail.imap.wire import Security, Server
from tests.servers.loopback import Loopback, Tcp

USER: Final = "desk@example.org"
PASSWORD: Final = "open sesame"

_FETCH: Final = re.compile(r"UID FETCH (\S+) \((.*)\)")
_SEARCH: Final = re.compile(r"UID SEARCH (?:(\d+:[\d*]+) )?UID (\d+|\*)(?::(\d+|\*))?")
_PARTIAL: Final = re.compile(r"BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?")


@dataclass(slots=True)
class Script:
    """What the server holds and how it misbehaves.

    `mails` is by UID, `date` as it is put on the wire. Nothing but the flags of a `withheld` mail is given out, and
    nothing at all of any when the server `is_ill`.
    """

    mails: dict[int, bytes] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    date: str = '"25-Nov-2026 08:15:02 +0100"'
    greeting: str = "* OK ready"
    says_uidnext: bool = True
    says_uidvalidity: bool = True
    splits_search: bool = False
    size_told: int | None = None
    login_answer: str = ""
    withheld: set[int] = field(default_factory=set)
    is_ill: bool = False
    heard: list[str] = field(default_factory=list)


class BareImap(Loopback):
    """The server as a context manager; `script` may be changed while it runs."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self._tcp = _Tcp((HOST, 0), _Conversation)
        self._tcp.script = self.script
        super().__init__(self._tcp)

    @property
    def server(self) -> Server:
        """How to reach it."""
        return Server(HOST, self.port, Security.PLAINTEXT_LOOPBACK)


class _Tcp(Tcp):
    script: Script


class _Conversation(socketserver.StreamRequestHandler):
    """One connection: a line in, an answer out."""

    server: _Tcp

    def handle(self) -> None:
        script = self.server.script
        self._say(script.greeting)
        while line := self.rfile.readline().decode("latin-1").rstrip("\r\n"):
            script.heard.append(line)
            tag, _, command = line.partition(" ")
            if not self._answer(script, tag, command):
                return

    def _answer(self, script: Script, tag: str, command: str) -> bool:
        verb = " ".join(command.upper().split()[: 2 if command.upper().startswith("UID ") else 1])
        known = {
            "CAPABILITY": self._capability, "LOGIN": self._login, "EXAMINE": self._examine,
            "UID SEARCH": self._search, "UID FETCH": self._fetch, "LOGOUT": self._logout,
        }  # fmt: skip
        if verb not in known:
            self._say(f"{tag} BAD unknown command")
            return True
        self._say(f"{tag} {known[verb](script, command)}")
        return verb != "LOGOUT"

    def _capability(self, _script: Script, _command: str) -> str:
        self._say("* CAPABILITY IMAP4rev1")
        return "OK done"

    def _login(self, script: Script, command: str) -> str:
        if script.login_answer:
            return script.login_answer
        return "OK welcome" if command.endswith(f'{USER} "{PASSWORD}"') else "NO wrong name or password"

    def _examine(self, script: Script, command: str) -> str:
        if "INBOX" not in command:
            return "NO there is no such folder"
        self._say(f"* {len(script.mails)} EXISTS")
        self._say("* 0 RECENT")
        self._say("* FLAGS (\\Seen \\Deleted)")
        if script.says_uidvalidity:
            self._say("* OK [UIDVALIDITY 77] numbers last")
        if script.says_uidnext:
            self._say(f"* OK [UIDNEXT {max(script.mails, default=0) + 1}] next")
        return "OK [READ-ONLY] done"

    def _search(self, script: Script, command: str) -> str:
        asked = _SEARCH.fullmatch(command)
        if asked is None:
            return "BAD search term unknown"
        uids = sorted(script.mails)
        top = uids[-1] if uids else 0
        low, high = (top if end in ("*", None) else int(end) for end in (asked[2], asked[3] or asked[2]))
        found = [uid for uid in uids if min(low, high) <= uid <= max(low, high)]
        for part in [[uid] for uid in found] if script.splits_search else [found]:
            self._say(" ".join(["* SEARCH", *map(str, part)]))
        return "OK done"

    def _fetch(self, script: Script, command: str) -> str:
        asked = _FETCH.fullmatch(command)
        if asked is None:
            return "BAD fetch what"
        asks_withheld = script.withheld & {int(uid) for uid in asked[1].split(",")}
        if script.is_ill or (asks_withheld and asked[2] != "FLAGS"):
            return "NO [SERVERBUG] internal error"
        for number, uid in enumerate(sorted(script.mails), start=1):
            if str(uid) in asked[1].split(","):
                self._say_mail(script, number, uid, asked[2])
        return "OK done"

    def _say_mail(self, script: Script, number: int, uid: int, items: str) -> None:
        mail = script.mails[uid]
        partial = _PARTIAL.search(items)
        if partial is None:
            flags = "\\Deleted" if uid in script.deleted else ""
            size = len(mail) if script.size_told is None else script.size_told
            rest = "" if items == "FLAGS" else f" RFC822.SIZE {size} INTERNALDATE {script.date}"
            self._say(f"* {number} FETCH (FLAGS ({flags}){rest} UID {uid})")
            return
        name = "BODY[]"
        if partial[1] is not None:
            start = int(partial[1])
            mail = mail[start : start + int(partial[2])]
            name = f"BODY[]<{start}>"
        self.wfile.write(f"* {number} FETCH (UID {uid} {name} {{{len(mail)}}}\r\n".encode() + mail + b")\r\n")

    def _logout(self, _script: Script, _command: str) -> str:
        self._say("* BYE see you")
        return "OK done"

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
