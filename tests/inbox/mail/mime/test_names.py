"""Names of files keep what their senders gave them, on one line."""

from inbox.mail.mime.plain import clean_name


def test_blanks_within_a_name_stay_and_breaks_become_one() -> None:
    assert clean_name("  Offer  2026 ;  final.pdf ") == "Offer  2026 ;  final.pdf"
    assert clean_name("a \r\n\t b\tc\u202ed.pdf") == "a b cd.pdf"
