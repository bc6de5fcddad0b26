"""What a mail has besides its words, as the JSON that is sealed at its message."""

from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.mime.wire import invitation_values


def extras_of(mail: ParsedMail) -> dict[str, object] | None:
    """Return the values of `rows.Extras`, without what is empty; None when nothing is left."""
    values: dict[str, object] = {
        "sender_name": mail.sender_name,
        "encrypted": mail.protected,
        "signed": mail.signed,
        "invitations": [invitation_values(found) for found in mail.invitations],
    }
    return {name: value for name, value in values.items() if value} or None
