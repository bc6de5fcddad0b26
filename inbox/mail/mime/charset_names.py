"""From the label that a mail gives its letters to the codec that reads them: the aliases that senders really write."""

import codecs
import re

_KNOWN = [
    "utf-8", "utf-7", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be", "cp1250", "cp1251",
    "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "cp437", "cp850", "cp852", "cp855",
    "cp857", "cp858", "cp860", "cp861", "cp862", "cp863", "cp864", "cp865", "cp866", "cp869", "cp720", "cp737",
    "cp775", "cp037", "cp500", "cp1140", "cp1125", "iso-8859-2", "iso-8859-3", "iso-8859-4",
    "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-10", "iso-8859-13", "iso-8859-14",
    "iso-8859-15", "iso-8859-16", "koi8-r", "koi8-u", "koi8-t", "kz1048", "ptcp154", "mac_roman", "mac_cyrillic",
    "mac_greek", "mac_latin2", "mac_turkish", "mac_iceland", "gb18030", "hz", "big5hkscs", "cp950", "cp932",
    "euc_jp", "euc_jis_2004", "shift_jis_2004", "shift_jisx0213", "euc_jisx0213", "iso2022_jp", "iso2022_jp_1",
    "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3", "iso2022_jp_ext", "iso2022_kr", "cp949", "johab", "hp_roman8",
]  # fmt: skip
_CODECS = {codecs.lookup(name).name for name in _KNOWN}

# What is labelled with the first name is written in the second, its larger sister, by every program in use.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}

# Labels by their letters and digits alone: `ks_c_5601-1987` and `KS C 5601 1987` are one.
_ALIASES = {
    alias: codec
    for codec, aliases in {
        "utf-8": "utf utf8 utf8n utf8mb4 utf8mb3 utf8sig utf8mac utf8bom csutf8 65001 cp65001 unicode11utf8"
        " unicode20utf8 utf8strict",
        "utf-7": "utf7 unicode11utf7 unicode20utf7 csunicode11utf7 csutf7 65000 cp65000",
        "utf-16": "utf16 unicode iso10646ucs2 ucs2 csunicode iso10646 csutf16",
        "utf-16be": "unicodefffe unicodebig csutf16be",
        "utf-16le": "unicodelittle csutf16le",
        "cp1252": "ascii usascii usascii8bit ascii8bit usascii7 iso646 iso646us 646 iso88591 isolatin1 latin1 latin l1"
        " iso885911987 ansix341968 ansix341986 8bit 7bit 8bits unknown8bit unknown defaultcharset ansi default none"
        " binary xuserdefined iso8859 cp819 28591 1252 cp1252 windows1252 win1252 wincp1252 windowscp1252 xcp1252 xansi"
        " windows1252httpequivcontenttype cswindows1252 cslatin1 iso88591windows31latin1 latiniso88591 cp5348",
        "cp1250": "windows1250 win1250 1250 xcp1250 cswindows1250 windowslatin2 iso88592windowslatin2",
        "cp1251": "windows1251 win1251 wincp1251 1251 win xcp1251 cswindows1251 ansi1251 cp5347 windowscp1251",
        "cp1253": "windows1253 win1253 1253 xcp1253 cswindows1253",
        "cp1254": "windows1254 win1254 1254 xcp1254 cswindows1254 iso88599windowslatin5 cslatin5 iso88599 latin5 l5"
        " isolatin5 28599",
        "cp1255": "windows1255 win1255 1255 xcp1255 cswindows1255",
        "cp1256": "windows1256 win1256 1256 xcp1256 cswindows1256",
        "cp1257": "windows1257 win1257 1257 xcp1257 cswindows1257",
        "cp1258": "windows1258 win1258 1258 xcp1258 cswindows1258",
        "cp874": "windows874 win874 874 ibm874 tis620 tis62025330 tis62025331 tis6202533 iso885911 xwindows874 dos874",
        "iso-8859-2": "iso88592 latin2 isolatin2 cslatin2 28592 l2 iso885921987",
        "iso-8859-5": "iso88595 cyrillic csisolatincyrillic 28595",
        "iso-8859-6": "iso88596 iso88596i iso88596e arabic asmo708 ecma114 28596",
        "iso-8859-7": "iso88597 greek greek8 elot928 ecma118 suneugreek 28597",
        "iso-8859-8": "iso88598 iso88598i iso88598e hebrew logical visual dos862hebrew 28598 38598 iso88598logical"
        " iso88598visual csiso88598i",
        "iso-8859-15": "iso885915 latin9 latin0 csisolatin9 l9 28605 iso885915euro",
        "koi8-r": "koi8r koi8 koi cskoi8r 20866 koi8rru",
        "koi8-u": "koi8u koi8ru 21866",
        "gb18030": "gb2312 gb231280 gbk xgbk cngb csgb2312 csgb231280 csiso58gb231280 chinese euccn xeuccn cp936 ms936"
        " windows936 936 54936 windows54936 gb18030 gb180302000 gb180302005 gb13000 xgb2312 gb xxgbk xgb18030",
        "hz": "hz hzgb2312 hzgb 52936",
        "big5hkscs": "big5 xbig5 xxbig5 cnbig5 csbig5 big5eten big5tw big5hkscs xbig5hkscs 950 chinesebig5",
        "cp950": "windows950 xwindows950 ms950 cp950",
        "cp932": "shiftjis sjis xsjis csshiftjis windows31j cswindows31j ms932 mskanji cp932 932 windows932 xmscp932"
        " xshiftjis shiftjiscp932",
        "euc_jp": "eucjp xeucjp xeuc cseucpkdfmtjapanese eucjpms cp51932 51932 eucjpwin ujis",
        "iso2022_jp": "iso2022jp csiso2022jp iso2022jpms cp50220 cp50221 cp50222 50220 50221 50222"
        " xwindowsiso2022jp jis junet iso2022jpesc",
        "cp949": "ksc56011987 ksc56011989 ksc5601 cp949 ms949 windows949 xwindows949 949 uhc xuhc euckr xeuckr cseuckr"
        " korean kr ksc csksc56011987 51949 isoir149",
        "iso2022_kr": "iso2022kr csiso2022kr 50225",
        "johab": "johab xjohab 1361",
        "cp437": "cp437 ibm437 437 dos437 xibm437 pc8",
        "cp850": "cp850 ibm850 850 dos850 xibm850",
        "cp852": "cp852 ibm852 852 dos852",
        "cp862": "cp862 ibm862 862 dos862",
        "cp866": "cp866 ibm866 866 dos866 csibm866",
        "cp720": "cp720 dos720 720",
        "mac_roman": "macroman xmacroman macintosh xmac mac xmacintosh 10000 csmacintosh",
        "mac_cyrillic": "maccyrillic xmaccyrillic xmacukrainian 10007",
        "mac_latin2": "maclatin2 xmacce xmaccentraleurroman xmaccentraleurope 10029",
        "mac_turkish": "macturkish xmacturkish",
        "mac_greek": "macgreek xmacgreek",
    }.items()
    for alias in aliases.split()
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]*")
_LEAD = re.compile(r"(?:.*charset\s*=)?[\s\"'=_?]*", re.IGNORECASE | re.DOTALL)
_SIGNS = re.compile(r"[^a-z0-9]")


def codec_of(label: str) -> str | None:
    """Return the codec that reads `label`, None when the label names no character set that we read."""
    text = label[:200]
    lead = _LEAD.match(text)
    found = _NAME.search(text, lead.end() if lead else 0)
    if found is None:
        return None
    name = found.group().lower().rstrip(".:_+-")
    codec = _ALIASES.get(_SIGNS.sub("", name)) or _ALIASES.get(_SIGNS.sub("", name.removeprefix("x-")))
    try:
        known = codecs.lookup(codec or name).name
    except (LookupError, ValueError, ImportError, OSError):
        return None
    known = _WIDER.get(known, known)
    return known if known in _CODECS else None
