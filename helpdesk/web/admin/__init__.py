"""The Django admin, one module per area; admin classes stand only here."""

from helpdesk.web.admin import closed, inboxes, mailboxes, people, rights

__all__ = ["closed", "inboxes", "mailboxes", "people", "rights"]
