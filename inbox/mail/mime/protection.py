"""What a mail says of itself by OpenPGP and S/MIME (RFC 3156, RFC 8551): encrypted, signed, and how."""

from inbox.mail.mime.parts import Part

_TYPES = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_SIGNATURES = {
    "application/pgp-signature": "pgp",
    "application/pkcs7-signature": "smime",
    "application/x-pkcs7-signature": "smime",
}
_SIGNED_INSIDE = {"signed-data", "clear-signed"}
_PGP_BEGINS = "-----BEGIN PGP MESSAGE-----"
_PGP_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_PGP_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_MAX_PARTS = 60


def protection_of(top: Part, text: str) -> str:
    """Return "pgp", "smime" or "" for a mail whose words can be read."""
    parts = _outer_parts(top)
    types = {part.mime_type for part in parts}
    smime = any(is_smime(part) and not _is_signed_only(part) for part in parts)
    if "multipart/encrypted" in types or "application/pgp-encrypted" in types:
        return "smime" if smime else "pgp"
    if smime:
        return "smime"
    return "pgp" if text.lstrip().startswith(_PGP_BEGINS) else ""


def signature_of(top: Part, text: str) -> str:
    """Return "pgp" or "smime" for a mail that carries a signature, "" for any other; nothing is checked."""
    for part in _outer_parts(top):
        if part.mime_type == "multipart/signed":
            told = _SIGNATURES.get(part.content_type.token("protocol"), "")
            found = [kind for child in part.children if (kind := _SIGNATURES.get(child.mime_type))]
            return (found or [told])[0]
        if _is_signed_only(part):
            return "smime"
    return "pgp" if _PGP_SIGNED in text and _PGP_SIGNATURE in text else ""


def is_smime(part: Part) -> bool:
    """Tell an S/MIME file by its type, or by its name where a server on the way forgot the type."""
    return part.mime_type in _TYPES or (
        part.mime_type == "application/octet-stream" and part.name.lower().endswith(".p7m")
    )


def _is_signed_only(part: Part) -> bool:
    """Tell an S/MIME part that wraps what it signs without encrypting it."""
    told = part.content_type.token("smime-type")
    return is_smime(part) and (told in _SIGNED_INSIDE or (not told and part.name.lower().endswith(".p7s")))


def _outer_parts(top: Part) -> list[Part]:
    """Return the mail, its parts and theirs, but nothing inside an attached mail."""
    found = [top]
    for part in found:
        if len(found) > _MAX_PARTS:
            break
        found += part.children
    return found[:_MAX_PARTS]
