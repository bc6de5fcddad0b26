"""The process that reads hostile mail: no Django, no keys, no files, no network; limits on memory and time.

Started by `python -m inbox.mail.receive.parser_child`. Mails come by standard input, answers go to standard output; a
frame is a length of four bytes, big-endian, and that many bytes. A mail is any number of frames and an empty one. An
answer is one frame with a status byte and the JSON head of `mime.wire`, then the bytes of the files, bare.
"""

import os
import resource
import select
import struct
import sys
from typing import BinaryIO

from inbox.mail.mime.calendar import load_zones, read_invitations
from inbox.mail.mime.charsets import decode
from inbox.mail.mime.parse import parse
from inbox.mail.mime.wire import to_head

MEMORY_BYTES = 512 * 1024 * 1024
MAX_MAIL_BYTES = 150 * 1024 * 1024
CPU_S = 30
IDLE_S = 60.0
GOOD, OUT_OF_MEMORY = b"+", b"m"

_LENGTH = struct.Struct(">I")
_WARM_UP = (
    b"From: =?utf-8?q?a?= <a@example.org>\nDate: Mon, 5 Oct 2026 10:15:00 +0200\nContent-Type: text/html\n\n"
    b"<p style='color:red'>Gr\xfc\xdfe aus K\xf6ln, wir w\xfcnschen einen sch\xf6nen Tag<br></p>"
)
_INVITATION = (
    b"BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:own\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\n"
    b"TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\n"
    b"DTSTART;TZID=own:20261005T101500\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n"
)


def main() -> None:
    """Answer mails until standard input ends or none comes for IDLE_S: an idle child costs memory."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    warm_up()
    confine()
    sink.write(GOOD)
    sink.flush()
    while is_wanted() and (data := read_mail(source)) is not None:
        _renew_cpu()
        answer(data, sink)
        del data


def is_wanted() -> bool:
    """Wait for the next mail; False when none comes in IDLE_S. Between two mails nothing is left in a buffer."""
    return bool(select.select([0], [], [], IDLE_S)[0])


def warm_up() -> None:
    """Load all that is loaded on first use, since later no file can be opened."""
    parse(_WARM_UP)
    for word in ("Zażółć gęślą jaźń i jeszcze raz", "Съешь же ещё этих мягких булок"):
        for codec in ("iso-8859-2", "koi8-r"):
            decode(word.encode(codec, "replace"))
    load_zones()
    read_invitations(_INVITATION)


def confine() -> None:
    """Give up what parsing never needs: more memory, new files and sockets, writing, children and core files."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def read_mail(source: BinaryIO) -> bytes | None:
    """Return the next mail, None when there is no more."""
    whole = bytearray()
    while True:
        head = source.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(head)
        if not length:
            return bytes(whole)
        whole += source.read(length)
        if len(whole) > MAX_MAIL_BYTES:
            raise MemoryError


def answer(data: bytes, sink: BinaryIO) -> None:
    """Read one mail and write what it says; each file goes out from where it lies."""
    mail = parse(data)
    head = GOOD + to_head(mail)
    sink.write(_LENGTH.pack(len(head)))
    sink.write(head)
    sink.writelines(file.data for file in mail.attachments)
    sink.flush()


def _renew_cpu() -> None:
    """Give every mail its own CPU time; the kernel ends the process when it is used up."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + CPU_S + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        os.write(1, _LENGTH.pack(1) + OUT_OF_MEMORY)
        os._exit(1)
