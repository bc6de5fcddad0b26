"""The Django admin, one module per area; admin classes stand only here."""

from helpdesk.web.admin import audit

__all__ = ["audit"]
