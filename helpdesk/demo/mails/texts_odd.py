"""The demo's mails that are no plain questions: a newsletter, a phishing try, machine mail, an invitation, spam."""

from typing import Final

from helpdesk.demo.mails.letter import File, Letter

_NEWSLETTER: Final = """\
<html><head><style>h1 { color: #0a5c4a } .box { background: #eef7f4; padding: 16px }</style></head>
<body><img src="https://news.example.com/open?u=8812" width="1" height="1" alt="">
<h1>Chains, cassettes and calm nerves</h1>
<div class="box"><p>Until Sunday everything that turns is <b>12 % cheaper</b>.</p>
<p><img src="https://news.example.com/img/chain.jpg" width="480" alt="A chain"></p>
<p><a href="https://news.example.com/click?u=8812&amp;l=3">To the catalogue</a></p></div>
<p style="font-size:11px">You get this since you ordered from us once.
<a href="https://news.example.com/unsubscribe?u=8812">Unsubscribe</a></p>
<script>track("8812")</script></body></html>
"""

_PHISHING: Final = """\
<html><body><p>Dear colleague,</p>
<p>the mailbox <b>billing@nordlicht.example.org</b> has reached 99 % of its space. Messages will be
<span style="color:#c00">deleted within 24 hours</span>.</p>
<p><a href="https://nordlicht-example-org.login.example.com/owa?u=billing">https://mail.nordlicht.example.org/keep</a></p>
<p>IT Service Desk<br>Nordlicht Bicycles</p></body></html>
"""

LETTERS: Final = (
    Letter(
        key="newsletter",
        inbox="support",
        hours=39,
        who="Wheel & Deal <news@news.example.com>",
        subject="Chains, cassettes and calm nerves",
        text="Until Sunday everything that turns is 12 % cheaper.\n\nhttps://news.example.com/click?u=8812&l=3\n",
        html=_NEWSLETTER,
        headers=(
            ("List-Id", "Wheel & Deal <weekly.news.example.com>"),
            ("List-Unsubscribe", "<https://news.example.com/unsubscribe?u=8812>"),
            ("Precedence", "bulk"),
        ),
    ),
    Letter(
        key="phishing",
        inbox="billing",
        hours=2.3,
        who='"Nordlicht IT Service Desk" <it-desk@nordl1cht.example.com>',
        subject="Action required: mailbox billing@nordlicht.example.org is almost full",
        text="Your mailbox is almost full. Keep it: https://nordlicht-example-org.login.example.com/owa?u=billing\n",
        html=_PHISHING,
        headers=(("Reply-To", "IT Service Desk <recovery.team@freemail.example.net>"), ("Importance", "high")),
    ),
    Letter(
        key="boss",
        inbox="billing",
        hours=55,
        who='"Greta Lindqvist" <greta.lindqvist.office@freemail.example.net>',
        subject="urgent payment, are you at your desk?",
        text="""\
Hi,

I am in a meeting and cannot talk. A supplier must be paid today, 8,940.00. Can you do it right now? I send you the
account as soon as you answer. Please keep this between us for the moment.

Greta
Sent from my phone
""",
        headers=(("Reply-To", "Greta Lindqvist <g.lindqvist@pay.example.com>"),),
    ),
    Letter(
        key="away",
        inbox="support",
        hours=24,
        answers="fleet-2",
        who="Daniel Okafor <d.okafor@logistics.example.com>",
        subject="Automatic reply: Service contract for 34 cargo bicycles",
        text="""\
Thank you for your message. I am out of the office until Monday and read no mail. In urgent cases please write to
purchasing@logistics.example.com.

Daniel Okafor
""",
        headers=(("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")),
    ),
    Letter(
        key="invitation",
        inbox="privacy",
        hours=17,
        who="Ingrid Solberg <compliance@hospital.example.org>",
        subject="Invitation: call about the questionnaire, 15 December, 10:00",
        text="Shall we go through the questionnaire together? Half an hour should do.\n\nIngrid Solberg\n",
        files=(File("invite.ics", "ics", "Call about the questionnaire"),),
    ),
    Letter(
        key="spam",
        inbox="support",
        hours=66,
        who="SEO Expert Team <rank@growth.example.com>",
        subject="🚀🚀 First page on every search engine GUARANTEED 🚀🚀",
        text="""\
Hello Sir/Madam,

we found 37 errors on your web site. Answer "YES" and we bring you to the first page within 7 days!!!
""",
    ),
    Letter(
        key="long-subject",
        inbox="support",
        hours=12.8,
        zone=60,
        who='"van den Berg, Pieter (Verhuur)" <pieter@rental.example.net>',
        cc=('"O\'Neill, Síle" <sile@rental.example.net>',),
        subject="Question about the torque of the six bolts that hold the brake disc, since the manual of 2024 says "
        "4 Nm, the one of 2025 says 6 Nm, and on the disc itself 5 Nm is engraved",
        text="Which of the three is right? We have forty discs to mount before the weekend.\n\nPieter\n",
    ),
)
