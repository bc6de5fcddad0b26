"""What auditlog's registry records of mail: texts of acknowledgements, and of mailboxes no secret and no cycle."""

from auditlog.registry import auditlog

from inbox.mail.models import Acknowledgement, Mailbox


def register() -> None:
    """Let auditlog record these rows."""
    auditlog.register(Acknowledgement, include_fields=["inbox", "language", "subject", "text", "closed_text"])
    auditlog.register(
        Mailbox,
        include_fields=[
            "inbox", "auth_kind", "oauth_provider", "oauth_flow", "oauth_tenant", "oauth_client_id", "secret_ends_at",
            "imap_host", "imap_port", "imap_user", "imap_security", "folder", "history", "dispose",
            "dispose_folder", "smtp_host", "smtp_port", "smtp_user", "smtp_security", "ca_file", "sent_folder",
            "active", "sends_system_mail",
        ],
    )  # fmt: skip
