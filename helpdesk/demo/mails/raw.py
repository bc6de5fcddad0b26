"""The demo's mails whose bytes are odd, written out by hand: broken charset, empty, a bounce, a mail in a mail."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Raw:
    """A mail from its From line on, one character a byte (latin-1); trace headers, date and id are put above."""

    key: str
    hours: float
    text: str


_CHARSET: Final = """\
From: Fran\xe7ois M\xfcller <francois@old.example.net>
To: support@nordlicht.example.org
Subject: Probl\xe8me avec le d\xe9railleur
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
Content-Transfer-Encoding: 8bit

Bonjour,

le d\xe9railleur arri\xe8re de mon v\xe9lo ne monte plus sur le grand pignon. Ce courriel part d'un tr\xe8s vieux
programme, excusez les accents. Prix : 35 \x80.

Fran\xe7ois
"""

_UNKNOWN_CHARSET: Final = """\
From: "Till 4" <till4@shop.example.org>
To: billing@nordlicht.example.org
Subject: =?x-till-9?Q?Daily_total_till_4?=
MIME-Version: 1.0
Content-Type: text/plain; charset="x-till-9"
Content-Transfer-Encoding: base64

RGFpbHkgdG90YWwgdGlsbCA0OiAyLDExOC41MCBpbiAzNyBzYWxlcy4NCg==
"""

_EMPTY: Final = """\
From: <sven@example.org>
To: support@nordlicht.example.org
Subject:

"""

_BOUNCE: Final = """\
From: Mail Delivery System <mailer-daemon@mx.example.net>
To: support@nordlicht.example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_r"

--=_r
Content-Type: text/plain; charset=utf-8

Your message to petra@example.net could not be delivered: there is no such person here.

--=_r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; petra@example.net
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--=_r
Content-Type: text/rfc822-headers

From: support@nordlicht.example.org
To: petra@example.net
Subject: Re: Lock for the shed
Message-ID: <sent-before-the-demo@nordlicht.example.org>

--=_r--
"""

_FORWARDED: Final = """\
From: Walter Price <walter.price@example.com>
To: support@nordlicht.example.org
Subject: Fwd: Your appointment
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_f"

--=_f
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

Good evening, is the attached mail really from you? The address looks strange to me.

Walter Price

--=_f
Content-Type: message/rfc822
Content-Disposition: attachment

From: "Nordlicht Bicycles" <service@nordlicht-bicycles.example.com>
To: Walter Price <walter.price@example.com>
Subject: Your appointment
Date: Mon, 02 Nov 2026 09:00:00 +0000
Message-ID: <appointment@nordlicht-bicycles.example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Please confirm your appointment with your card number: https://confirm.example.com/a

--=_f--
"""

RAW: Final = (
    Raw("old-charset", 57, _CHARSET),
    Raw("unknown-charset", 31, _UNKNOWN_CHARSET),
    Raw("empty", 44, _EMPTY),
    Raw("bounce", 69, _BOUNCE),
    Raw("forwarded", 7.3, _FORWARDED),
)
