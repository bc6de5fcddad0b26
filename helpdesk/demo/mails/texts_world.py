"""The demo's mails in Turkish, Arabic, Hebrew, Japanese, Chinese, Korean, Ukrainian, Greek, Hindi and Vietnamese."""

from typing import Final

from helpdesk.demo.mails.letter import File, Letter

LETTERS: Final = (
    Letter(
        key="kargo-1",
        inbox="support",
        hours=145,
        zone=180,
        who="Çağla Işık <cagla.isik@example.net>",
        subject="Kargo hasarlı geldi",
        files=(File("kutu.png", "png", "kutu"),),
        text="""\
Merhaba,

bugün gelen bisikletin kutusu ezilmişti, ön tekerlek de eğri. Kargo görevlisi tutanak tutmadı. Fotoğrafı ekledim.
Yeni bir tekerlek gönderebilir misiniz, yoksa bisikleti geri mi yollayayım?

Teşekkürler
Çağla Işık
""",
    ),
    Letter(
        key="kargo-2",
        inbox="support",
        hours=28,
        zone=180,
        answers="kargo-1",
        who="Çağla Işık <cagla.isik@example.net>",
        subject="Ynt: Kargo hasarlı geldi",
        text="""\
Merhaba,

bir haftadır yanıt alamadım. Bisiklet hâlâ kutuda duruyor. Lütfen bana bir tarih verin.

Çağla
""",
    ),
    Letter(
        key="fatura",
        inbox="billing",
        hours=61,
        zone=180,
        who="İbrahim Güneş <ibrahim.gunes@example.com>",
        subject="Faturada şirket adı yanlış",
        text="""\
İyi günler,

2026-1219 numaralı faturada şirketimizin adı «Güneş Ltd.» yerine «Gunes Ltd» yazılmış. Muhasebe bu hâliyle kabul
etmiyor; düzeltip yeniden gönderebilir misiniz?

Saygılarımla
İbrahim Güneş
""",
    ),
    Letter(
        key="helmet-ar",
        inbox="support",
        hours=41,
        zone=240,
        who="ليلى منصور <layla.mansour@example.org>",
        subject="استفسار عن مقاس الخوذة",
        text="""\
السلام عليكم،

أريد شراء خوذة لابني وعمره سبع سنوات، ومحيط رأسه 52 سم. هل المقاس S (من 50 إلى 54) مناسب له أم آخذ المقاس الأكبر؟
وهل يمكن إرجاعها خلال 30 يومًا إذا لم تناسبه؟

شكرًا لكم
ليلى منصور
""",
    ),
    Letter(
        key="refund-ar",
        inbox="billing",
        hours=156,
        zone=120,
        who="كريم الشريف <karim.elsherif@example.net>",
        subject="لم يصل المبلغ المسترد - الطلب NB-20712",
        text="""\
مرحبًا،

أعدت الدراجة قبل ثلاثة أسابيع ولم يصلني المبلغ (640,00) حتى الآن. أرجو إخباري بموعد التحويل.

مع التحية
كريم الشريف
""",
    ),
    Letter(
        key="chair-he",
        inbox="support",
        hours=68,
        zone=120,
        who="נועה לוי <noa.levi@example.com>",
        subject="האם המושב לילדים מתאים לדגם Skerry?",
        text="""\
שלום,

קניתי אצלכם Skerry בשנה שעברה. האם אפשר להרכיב עליו את מושב הילדים Pip 2, או שצריך מתאם? הבת שלי שוקלת 14 ק"ג.

תודה,
נועה
""",
    ),
    Letter(
        key="manual-ja",
        inbox="support",
        hours=16,
        zone=540,
        who="佐藤 美咲 <misaki.sato@example.org>",
        subject="取扱説明書（日本語版）について",
        text="""\
お世話になっております。佐藤と申します。

先日購入した電動自転車（注文番号 NB-20951）に、英語とドイツ語の説明書しか入っていませんでした。
日本語版の PDF がありましたら、お送りいただけますでしょうか。
また、充電器は 100V のコンセントでそのまま使えますか。

よろしくお願いいたします。
佐藤 美咲
""",
    ),
    Letter(
        key="receipt-ja",
        inbox="billing",
        hours=93,
        zone=540,
        who='"田中, 健一" <kenichi.tanaka@example.com>',
        subject="領収書の宛名変更のお願い",
        text="""\
ご担当者様

領収書（2026-1176）の宛名を個人名から「株式会社ミナト商会」に変更していただけますか。
経費精算の締め切りが今月末のため、お早めにご対応いただけますと助かります。

田中
""",
    ),
    Letter(
        key="wholesale-zh",
        inbox="support",
        hours=122,
        zone=480,
        who="王小明 <wang.xiaoming@trade.example.net>",
        subject="批发合作咨询",
        files=(File("公司简介.pdf", "pdf", "Company profile"),),
        text="""\
您好：

我们是一家自行车配件经销商，希望代理贵公司的车灯和车锁。请问最低起订量是多少，能否提供报价单和样品？
公司简介见附件。

此致
敬礼
王小明
""",
    ),
    Letter(
        key="error-ko",
        inbox="support",
        hours=4.6,
        zone=540,
        who="김서연 <seoyeon.kim@example.net>",
        subject="디스플레이에 오류 코드 E07이 표시됩니다",
        text="""\
안녕하세요.

어제부터 전원을 켜면 디스플레이에 E07이 표시되고 모터가 작동하지 않습니다. 배터리를 뺐다가 다시 끼워도 같습니다.
제가 직접 해결할 수 있는 방법이 있을까요?

감사합니다.
김서연 드림
""",
    ),
    Letter(
        key="parts-uk",
        inbox="support",
        hours=180,
        zone=120,
        who="Олена Шевчук <olena.shevchuk@example.org>",
        subject="Чи надсилаєте запчастини до Львова?",
        text="""\
Доброго дня!

Мені потрібні гальмівні колодки для Fjord 3 (дві пари) та перемикач. Чи можете надіслати їх до Львова, скільки це
коштуватиме й чи потрібно буде сплачувати мито?

Дякую,
Олена Шевчук
""",
    ),
    Letter(
        key="data-uk",
        inbox="privacy",
        hours=73,
        zone=120,
        who="Андрій Коваленко <andrii.k@example.com>",
        subject="Хто має доступ до моїх листів?",
        text="""\
Вітаю,

у листуванні з вами я надіслав копію паспорта для договору оренди. Хто з ваших працівників може її бачити, і чи можна
її вилучити тепер, коли оренда закінчилася?

Андрій Коваленко
""",
    ),
    Letter(
        key="invoice-el",
        inbox="billing",
        hours=47,
        zone=120,
        who="Ελένη Παπαδάκη <eleni.papadaki@example.net>",
        subject="Δεν έλαβα τιμολόγιο",
        text="""\
Καλησπέρα σας,

πλήρωσα την παραγγελία NB-20990 την περασμένη εβδομάδα, αλλά δεν έχω λάβει ακόμη τιμολόγιο. Το χρειάζομαι για την
εφορία. Μπορείτε να μου το στείλετε;

Ευχαριστώ,
Ελένη Παπαδάκη
""",
    ),
    Letter(
        key="tyre-hi",
        inbox="support",
        hours=21,
        zone=330,
        who="सुनीता शर्मा <sunita.sharma@example.com>",
        subject="टायर बदलने के बारे में",
        text="""\
नमस्ते,

मेरी साइकिल का पिछला टायर बार-बार पंक्चर हो जाता है। क्या आप मज़बूत टायर की सलाह दे सकते हैं, और क्या उसे आपकी
कार्यशाला में लगवाया जा सकता है? साइकिल का मॉडल Skerry M है।

धन्यवाद,
सुनीता शर्मा
""",
    ),
    Letter(
        key="lamp-vi",
        inbox="support",
        hours=10.7,
        zone=420,
        who="Nguyễn Thị Hồng <hong.nguyen@example.org>",
        subject="Đèn trước không sáng",
        text="""\
Xin chào,

đèn trước của tôi không sáng nữa dù đèn sau vẫn hoạt động. Tôi đã kiểm tra dây và không thấy chỗ nào bị đứt. Tôi nên
mua đèn mới hay có thể sửa được ạ?

Cảm ơn,
Hồng
""",
    ),
)
