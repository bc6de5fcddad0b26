"""What auditlog's registry records of mailboxes: where they lead, never a secret nor how a cycle went."""

from auditlog.registry import auditlog

from inbox.mail.models import Mailbox


def register() -> None:
    """Let auditlog record these rows."""
    auditlog.register(
        Mailbox,
        include_fields=[
            "inbox", "auth_kind", "oauth_provider", "oauth_flow", "oauth_tenant", "oauth_client_id", "secret_ends_at",
            "imap_host", "imap_port", "imap_user", "imap_security", "folder", "history", "dispose",
            "dispose_folder", "smtp_host", "smtp_port", "smtp_user", "smtp_security", "ca_file", "sent_folder",
            "active", "sends_system_mail",
        ],
    )  # fmt: skip
