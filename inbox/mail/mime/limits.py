"""How much of one mail is read, and the names of what was cut or mended."""

from enum import StrEnum

MAX_HEADER_BYTES = 512 * 1024
MAX_HEADERS = 2_000
MAX_VALUE_BYTES = 64 * 1024
MAX_PARTS = 500
MAX_DEPTH = 30
MAX_ADDRESSES = 1_000
MAX_IDS = 100
MAX_TEXT_CHARS = 4_000_000
MAX_SUBJECT_CHARS = 2_000
MAX_NAME_CHARS = 200
MAX_CALENDARS = 5


class Flaw(StrEnum):
    """What was cut or mended while reading; the raw mail keeps all of it."""

    HEADERS_CUT = "headers_cut"
    TOO_MANY_PARTS = "too_many_parts"
    TOO_DEEP = "too_deep"
    TEXT_CUT = "text_cut"
    HTML_TOO_BIG = "html_too_big"
    HTML_TOO_DEEP = "html_too_deep"
    NO_BOUNDARY = "no_boundary"
    UNREADABLE = "unreadable"
