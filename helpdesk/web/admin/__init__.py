"""The Django admin, one module per area; admin classes stand only here."""

from helpdesk.web.admin import audit, inboxes, mailboxes, people, rights

__all__ = ["audit", "inboxes", "mailboxes", "people", "rights"]
