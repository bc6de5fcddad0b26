"""`migrate`: Django's own, over the connection of the role that owns the tables."""

from django.core.management.base import CommandParser
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Migrate as the owner: the desk itself runs as a role that owns nothing."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's arguments, with `owner` as the database where none is named."""
        super().add_arguments(parser)
        parser.set_defaults(database="owner")
