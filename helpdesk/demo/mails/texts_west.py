"""The demo's mails in German, French, Spanish, Portuguese, Italian, Dutch and Polish."""

from typing import Final

from helpdesk.demo.mails.letter import File, Letter

LETTERS: Final = (
    Letter(
        key="bremse-1",
        inbox="support",
        hours=192,
        who="Jörg Kühn <joerg.kuehn@example.org>",
        subject="Scheibenbremse quietscht nach dem Belagwechsel",
        text="""\
Guten Tag,

seit dem Wechsel der Beläge letzte Woche quietscht die vordere Scheibenbremse bei Nässe so laut, dass sich die Leute
umdrehen. Die Scheibe habe ich schon gereinigt. Muss ich die Beläge noch einfahren, oder stimmt da etwas nicht?

Mit freundlichen Grüßen
Jörg Kühn
""",
    ),
    Letter(
        key="bremse-2",
        inbox="support",
        hours=33,
        answers="bremse-1",
        who="Jörg Kühn <joerg.kuehn@example.org>",
        subject="Re: Scheibenbremse quietscht nach dem Belagwechsel",
        files=(File("Bremse vorne.png", "png", "bremse"),),
        text="""\
Hallo,

ich hänge noch ein Bild an. Man sieht, dass der Belag nur auf einer Seite anliegt. Kann ich am Freitag um 17 Uhr
vorbeikommen?

Viele Grüße
Jörg Kühn
""",
    ),
    Letter(
        key="rechnung",
        inbox="billing",
        hours=14,
        who='"Schreinerei Öztürk & Söhne" <buero@schreinerei.example.org>',
        subject="Bitte um Ratenzahlung für Rechnung 2026-1204",
        text="""\
Sehr geehrte Damen und Herren,

wir haben bei Ihnen zwei Lastenräder gekauft (zusammen 9.480,00 €). Da ein großer Auftrag erst im Januar bezahlt wird,
bitten wir um drei gleiche Raten im Dezember, Januar und Februar. Ist das möglich?

Mit freundlichem Gruß
Ayşe Öztürk
""",
    ),
    Letter(
        key="auskunft",
        inbox="privacy",
        hours=128,
        who="Renate Maurer <r.maurer@example.com>",
        subject="Auskunft nach Art. 15 DSGVO",
        text="""\
Guten Tag,

bitte teilen Sie mir mit, welche Daten Sie über mich gespeichert haben, woher Sie sie haben und an wen Sie sie
weitergegeben haben. Ich habe nie bei Ihnen bestellt und trotzdem einen Katalog mit meinem Namen bekommen.

Renate Maurer
Musterweg 4, 12345 Musterstadt
""",
    ),
    Letter(
        key="schluessel",
        inbox="support",
        hours=1.1,
        who="Mia Brandt <mia.brandt@example.net>",
        subject="Akkuschlüssel verloren",
        text="""\
Hallo zusammen,

ich habe beide Schlüssel für das Akkuschloss verloren. Die Nummer auf dem Zylinder ist A 2207. Könnt ihr mir zwei neue
schicken, und was kostet das? Es eilt etwas, der Akku ist fast leer und steckt im Rad.

Liebe Grüße
Mia
""",
    ),
    Letter(
        key="retard-1",
        inbox="support",
        hours=150,
        who="Camille Lefèvre <camille.lefevre@example.net>",
        subject="Commande NB-20899 : toujours pas expédiée",
        text="""\
Bonjour,

j'ai commandé un vélo pour enfant le 3 novembre ; le site annonçait cinq jours de délai. L'état de la commande est
toujours « en préparation ». C'est un cadeau d'anniversaire : l'aurons-nous avant le 28 ?

Cordialement,
Camille Lefèvre
""",
    ),
    Letter(
        key="retard-2",
        inbox="support",
        hours=22,
        answers="retard-1",
        who="Camille Lefèvre <camille.lefevre@example.net>",
        subject="Re: Commande NB-20899 : toujours pas expédiée",
        text="""\
Bonjour,

sans nouvelles de votre part, je souhaite annuler la commande et être remboursée.

Camille Lefèvre
""",
    ),
    Letter(
        key="facture",
        inbox="billing",
        hours=101,
        who="Mairie de Saint-Aubin <achats@saint-aubin.example.org>",
        subject="Facture à déposer sur le portail",
        files=(File("Bon de commande n° 118.pdf", "pdf", "Bon de commande 118"),),
        text="""\
Madame, Monsieur,

nous ne pouvons payer que les factures déposées sur le portail public. Merci d'y déposer la facture correspondant au
bon de commande ci-joint, en indiquant le numéro d'engagement 2026-118.

Le service des achats
""",
    ),
    Letter(
        key="garantia",
        inbox="support",
        hours=64,
        who="Lucía Fernández <lucia.fernandez@example.com>",
        subject="¿Cubre la garantía el motor?",
        text="""\
Buenos días:

Compré la bicicleta eléctrica en marzo de 2025 y desde ayer el motor hace un ruido raro y se apaga. ¿Lo cubre la
garantía? ¿Tengo que llevarla a su taller o puede venir alguien a recogerla? Vivo a 80 km y no tengo coche.

Un saludo,
Lucía Fernández
""",
    ),
    Letter(
        key="devolucion",
        inbox="billing",
        hours=37,
        who="Íñigo Peña <inigo@example.org>",
        subject="Devolución incompleta",
        text="""\
Hola:

Me han devuelto 45,00 € en lugar de 54,00 €. Supongo que han bailado las cifras. ¿Pueden abonarme la diferencia?

Gracias,
Íñigo Peña
""",
    ),
    Letter(
        key="entrega",
        inbox="support",
        hours=58,
        zone=0,
        who="João Magalhães <joao.magalhaes@example.net>",
        subject="Mudança da morada de entrega",
        text="""\
Boa tarde,

Fiz ontem a encomenda NB-21044, mas enganei-me na morada. A correta é Rua das Flores, 12, 2.º Esq. Ainda vou a tempo
de a mudar?

Obrigado,
João Magalhães
""",
    ),
    Letter(
        key="dados",
        inbox="privacy",
        hours=9.4,
        zone=-180,
        who="Conceição Araújo <conceicao.araujo@example.com>",
        subject="Não quero mais receber e-mails",
        text="""\
Olá,

já cancelei a inscrição três vezes e continuo a receber promoções todas as semanas. Por favor, retirem o meu endereço
de todas as listas e confirmem.

Conceição Araújo
""",
    ),
    Letter(
        key="noleggio",
        inbox="support",
        hours=83,
        who="Giulia D'Angelo <giulia.dangelo@example.org>",
        subject="Noleggio di otto biciclette per un matrimonio",
        text="""\
Buongiorno,

il 20 dicembre ci sposiamo e vorremmo arrivare in bicicletta, con i testimoni: otto biciclette in tutto, per un
pomeriggio. È possibile? E quanto costerebbe con la consegna?

Grazie e a presto
Giulia e Niccolò
""",
    ),
    Letter(
        key="fiets",
        inbox="support",
        hours=110,
        who="Maartje van 't Hoff <maartje@example.net>",
        subject="Onderdeel nabestellen",
        text="""\
Goedemorgen,

van mijn bakfiets is het linker spatbord gebroken. Op de site vind ik alleen complete sets. Kan ik er ook één los
bestellen? Het gaat om het model Packhorse uit 2024.

Met vriendelijke groet,
Maartje van 't Hoff
""",
    ),
    Letter(
        key="zwrot",
        inbox="billing",
        hours=133,
        who="Łukasz Wiśniewski <lukasz.w@example.com>",
        subject="Zwrot pieniędzy za odwołane zamówienie",
        text="""\
Dzień dobry,

dwa tygodnie temu odwołałem zamówienie NB-20655 (1 399,00 zł). Do dzisiaj nie dostałem zwrotu. Proszę o informację,
kiedy mogę się go spodziewać.

Z poważaniem
Łukasz Wiśniewski
""",
    ),
)
