"""Limits of mail in and out."""

from helpdesk.settings import env

POSTERN_POLL_S = env.integer("POSTERN_POLL_S", 60, low=2, high=3600)
"""How often each mailbox is looked at."""
MAIL_MAX_BYTES = env.integer("POSTERN_MAIL_MAX_BYTES", 50 * 1024 * 1024)
"""A larger mail is not downloaded; a ticket says so, once."""
MAIL_ACKS_AN_HOUR = env.integer("POSTERN_ACKS_AN_HOUR", 300, low=1, high=100_000)
"""When more acknowledgements than that went out within an hour, all stop until a person lets them go on."""
MAIL_UNDO_S = env.integer("POSTERN_UNDO_S", 10, low=0, high=120)
MAIL_CYCLE_S = 30
"""How long one look into a mailbox goes on taking mail; what is left comes with the next, after the other mailboxes."""
MAIL_IMAP_CONNECT_S = 10
MAIL_IMAP_READ_S = 60
MAIL_SMTP_TIMEOUT_S = 60
OAUTH_AUTHORIZE_URL = env.web_address("POSTERN_OAUTH_AUTHORIZE_URL", "")
OAUTH_TOKEN_URL = env.web_address("POSTERN_OAUTH_TOKEN_URL", "")
OAUTH_SCOPE = env.text("POSTERN_OAUTH_SCOPE", "")
OAUTH_CA_FILE = env.text("POSTERN_OAUTH_CA_FILE", "")
"""A provider of tokens beside Google and Microsoft: where a desk posts its secrets is never set on a page."""
SMTPD = env.choice("POSTERN_SMTPD", "off", "lmtp", "smtp")
"""Whether mail is taken over LMTP or SMTP too; the first one is the default."""
SMTPD_BIND = env.text("POSTERN_SMTPD_BIND", "127.0.0.1")
SMTPD_PORT = env.integer("POSTERN_SMTPD_PORT", 8024, low=1, high=65535)
SMTPD_CLIENTS = env.networks("POSTERN_SMTPD_CLIENTS", "127.0.0.0/8, ::1/128")
SMTPD_CERT_FILE = env.text("POSTERN_SMTPD_CERT_FILE", "")
SMTPD_KEY_FILE = env.text("POSTERN_SMTPD_KEY_FILE", "")
SMTPD_CONNECTIONS = env.integer("POSTERN_SMTPD_CONNECTIONS", 50, low=1, high=1000)
DEFAULT_FROM_EMAIL = "postern@localhost"
EMAIL_BACKEND = "inbox.mail.send.system.OutboxBackend"
MAIL_TRIES = 3
"""How often a mail is tried before it is put into quarantine."""
POSTERN_KILL_AT = env.text("POSTERN_KILL_AT", "")
"""Crash tests alone: the kill point at which the process dies."""
