"""The demo's mails in English: orders, repairs, invoices, and what people ask of a bicycle shop."""

from typing import Final

from helpdesk.demo.mails.letter import File, Letter

LETTERS: Final = (
    Letter(
        key="crack-1",
        inbox="support",
        hours=266,
        zone=0,
        who="Amelia Hart <amelia.hart@example.net>",
        subject="Hairline crack below the saddle clamp",
        files=(File("IMG_2041.png", "png", "frame"),),
        text="""\
Hello,

while cleaning my Fjord 5 (order NB-20418) this weekend I found a hairline crack right below the saddle clamp. I
have attached a photograph. The bicycle is eleven months old and has never been dropped.

Can I still ride it to work, or should I leave it in the shed until you have looked at it?

Kind regards
Amelia Hart
""",
    ),
    Letter(
        key="crack-2",
        inbox="support",
        hours=219,
        zone=0,
        answers="crack-1",
        who="Amelia Hart <amelia.hart@example.net>",
        subject="Re: Hairline crack below the saddle clamp",
        text="""\
Good morning,

I forgot to give you the frame number: NF5-7731-0042. I have stopped riding it for now and take the bus, so a quick
answer would be welcome.

Amelia
""",
    ),
    Letter(
        key="crack-3",
        inbox="support",
        hours=30,
        zone=0,
        answers="crack-2",
        who="Amelia Hart <amelia.hart@example.net>",
        cc=("Tom Hart <tom.hart@example.net>",),
        subject="Re: Hairline crack below the saddle clamp",
        text="""\
Is there any news? My husband (in copy) could bring the frame to your workshop on Saturday if that helps.

Amelia

On Monday I wrote:
> I forgot to give you the frame number: NF5-7731-0042.
""",
    ),
    Letter(
        key="battery",
        inbox="support",
        hours=3.2,
        zone=-300,
        who="Marcus Bell <marcus.bell@example.com>",
        subject="Battery stops at 40 %",
        text="""\
Hi there,

since the last update the display jumps from 40 % to 2 % and the motor switches off, usually half way up the hill.
I have charged it fully three times as the manual says. Serial number of the battery: PB-500-11873.

What would you suggest?

Marcus Bell
""",
    ),
    Letter(
        key="parcel-1",
        inbox="support",
        hours=97,
        zone=60,
        who="Sofie Lind <sofie.lind@example.org>",
        subject="Parcel NB-20977 says delivered, but it is not here",
        text="""\
Hello,

the carrier writes that my parcel was handed over on Friday at 14:05 to a "neighbour". I have asked all of them, and
nobody has it. Could you please find out whose signature that is?

Sofie Lind
""",
    ),
    Letter(
        key="parcel-2",
        inbox="support",
        hours=71,
        zone=60,
        answers="parcel-1",
        who="Sofie Lind <sofie.lind@example.org>",
        subject="Re: Parcel NB-20977 says delivered, but it is not here",
        text="""\
False alarm! It was at the bakery at the corner all the time. Thank you anyway, you can close this one.

Sofie
""",
    ),
    Letter(
        key="size",
        inbox="support",
        hours=8.5,
        zone=0,
        who="Priya Nair <priya.nair@example.net>",
        subject="Which frame size for 1.63 m?",
        text="""\
Good afternoon,

I am 1.63 m tall with an inside leg of 74 cm and would like to order the Skerry in green. Your table puts me exactly
between S and M. I mostly ride in town with a child seat at the back. Which one would you choose, and can I exchange
it if it does not fit?

Best wishes
Priya
""",
    ),
    Letter(
        key="fleet-1",
        inbox="support",
        hours=172,
        zone=60,
        who="Daniel Okafor <d.okafor@logistics.example.com>",
        cc=("Purchasing <purchasing@logistics.example.com>",),
        subject="Service contract for 34 cargo bicycles",
        files=(File("fleet-list.csv", "csv", "fleet"),),
        text="""\
Dear team,

we run 34 Packhorse cargo bicycles in three towns and would like to hand their maintenance over to you from January.
The list with frame numbers and kilometres is attached.

Please send us an offer with (a) two inspections a year, (b) a replacement within 24 hours, and (c) brake pads
included. Purchasing is in copy, they need your answer by the end of the month.

Daniel Okafor
Head of fleet
""",
    ),
    Letter(
        key="fleet-2",
        inbox="support",
        hours=26,
        zone=60,
        answers="fleet-1",
        who="Purchasing <purchasing@logistics.example.com>",
        cc=("Daniel Okafor <d.okafor@logistics.example.com>",),
        subject="Re: Service contract for 34 cargo bicycles",
        text="""\
Hello,

for the offer we also need your VAT number, your liability insurance and the names of two customers of about our
size whom we may call.

Thank you
Grace Whitfield, Purchasing
""",
    ),
    Letter(
        key="rattle",
        inbox="support",
        hours=52,
        zone=600,
        who="Liam Novak <liam.novak@example.org>",
        subject="rattling noise in gear 5",
        text="""\
hi, gear 5 makes a rattling noise when i push hard, all others are fine. hub is the 8-speed one. film here if you
want to hear it: https://video.example.com/w/8f2k1

is that dangerous or just annoying?

sent from my phone
""",
    ),
    Letter(
        key="thanks",
        inbox="support",
        hours=45,
        zone=0,
        who="Eleanor Price <eleanor.price@example.com>",
        subject="Thank you!",
        text="""\
Just a short note to say how happy we are with the tandem. You fixed in two days what two other shops gave up on.

Eleanor & Walter
""",
    ),
    Letter(
        key="invoice-1",
        inbox="billing",
        hours=240,
        zone=60,
        who="Hannah Vogt <accounts@tailor.example.org>",
        subject="Invoice 2026-1187: wrong VAT rate",
        files=(File("Invoice 2026-1187.pdf", "pdf", "Invoice 2026-1187"),),
        text="""\
Dear Sir or Madam,

invoice 2026-1187 shows 25 % VAT although we gave you our VAT number when ordering. Please cancel it and send a new
one without VAT (reverse charge). The old one is attached.

We shall pay as soon as we have it.

Hannah Vogt
Accounts
""",
    ),
    Letter(
        key="invoice-2",
        inbox="billing",
        hours=118,
        zone=60,
        answers="invoice-1",
        who="Hannah Vogt <accounts@tailor.example.org>",
        subject="Re: Invoice 2026-1187: wrong VAT rate",
        text="""\
Hello again,

yesterday we got a reminder with a fee of 15.00 for exactly this invoice. Please take it back.

Hannah Vogt
""",
    ),
    Letter(
        key="refund",
        inbox="billing",
        hours=6.1,
        zone=0,
        who="Oliver Grant <oliver.grant@example.net>",
        subject="Refund for returned helmet still missing",
        text="""\
Hi,

I sent the helmet back on the 2nd, the tracking page says you received it on the 4th. The 89.00 have not reached my
card yet (the one ending in 4471). Could you check, please?

Oliver
""",
    ),
    Letter(
        key="double",
        inbox="billing",
        hours=19,
        zone=-480,
        who="Nora Castillo <nora.c@example.com>",
        subject="Charged twice for order NB-21030",
        files=(File("statement.png", "png", "statement"),),
        text="""\
Hello, my bank shows two payments of 1,249.00 to you on the same day, see the picture. I ordered one bicycle, not
two :) Please return one of them.

Thanks, Nora
""",
    ),
    Letter(
        key="dunning",
        inbox="billing",
        hours=77,
        zone=0,
        who="Credit Control <credit@supplier.example.com>",
        subject="Overdue: statement of account October",
        files=(File("statement-2026-10.pdf", "pdf", "Statement of account"), File("open-items.csv", "csv", "items")),
        text="""\
Dear customer,

according to our books two items are open for more than 30 days. Please find the statement and a list attached, and
let us know if you see this differently.

Credit Control
""",
    ),
    Letter(
        key="erase-1",
        inbox="privacy",
        hours=205,
        zone=60,
        who="Jonas Weber <jonas.weber@example.net>",
        subject="Please delete my data (Article 17 GDPR)",
        text="""\
Dear data protection officer,

I sold my bicycle and closed my account in August, and I still get your newsletter. I ask you to erase all personal
data about me that you hold, and to confirm it in writing within one month. Where the law makes you keep invoices,
please tell me until when.

My customer number was 55-10873.

Jonas Weber
""",
    ),
    Letter(
        key="erase-2",
        inbox="privacy",
        hours=12,
        zone=60,
        answers="erase-1",
        who="Jonas Weber <jonas.weber@example.net>",
        subject="Re: Please delete my data (Article 17 GDPR)",
        text="""\
Good evening,

two weeks are over and I have not heard from you. If I have no answer by the end of the month I shall turn to the
supervisory authority.

Jonas Weber
""",
    ),
    Letter(
        key="audit",
        inbox="privacy",
        hours=50,
        zone=60,
        who="Ingrid Solberg <compliance@hospital.example.org>",
        subject="Questions on your processing of our staff's data",
        files=(File("questionnaire.pdf", "pdf", "Questionnaire for processors"),),
        text="""\
Dear colleagues,

our employees lease bicycles through you. For our records we need, by the 15th:

 1. a list of your subprocessors and where they are,
 2. who of your staff can read our employees' messages, and how you know who did,
 3. how long you keep them.

The questionnaire is attached.

Ingrid Solberg
Compliance
""",
    ),
    Letter(
        key="finder",
        inbox="privacy",
        hours=88,
        zone=330,
        who="Arjun Rao <arjun@research.example.net>",
        subject="Vulnerability report: order page shows other people's addresses",
        text="""\
Hello,

on https://shop.example.org/order?id=20418 I can change the number and see name and street of other customers
without signing in. I looked at two orders only (20418 and 20419), kept nothing and told nobody.

Is this the right address for it? I am glad to give you 90 days.

Arjun Rao
""",
    ),
)
