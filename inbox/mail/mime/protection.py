"""Whether the words of a mail are encrypted by its sender (OpenPGP, S/MIME), so that only the files can be kept."""

from inbox.mail.mime.parts import Part

_SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_PGP_BEGINS = "-----BEGIN PGP MESSAGE-----"


def protection_of(top: Part, text: str) -> str:
    """Return "pgp", "smime" or "" for a mail whose words can be read."""
    types = {top.mime_type, *(child.mime_type for child in top.children)}
    if top.mime_type == "multipart/encrypted" or "application/pgp-encrypted" in types:
        return "smime" if types & _SMIME else "pgp"
    if top.mime_type in _SMIME:
        return "smime"
    return "pgp" if text.lstrip().startswith(_PGP_BEGINS) else ""
