"""What the listener stored, opened."""

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.files import open_blob
from inbox.mail.models import RawMail


def content(raw: RawMail) -> bytes:
    """Return the bytes that were stored."""
    with purpose(Purpose.SYSTEM):
        return b"".join(open_blob(raw.stored_blob, raw.seal_ref(), kind="raw"))
