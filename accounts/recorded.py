"""What auditlog's registry records of people and teams: an allow-list of columns, never a secret or a preference."""

from auditlog.registry import auditlog

from accounts.models import Team, User


def register() -> None:
    """Let auditlog record these rows. Members of a team are recorded by the service that sets them."""
    auditlog.register(User, include_fields=["email", "name", "is_active", "is_staff", "is_superuser"])
    auditlog.register(Team, include_fields=["name"])
