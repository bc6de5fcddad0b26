"""The database router: all rows live in one database, whatever connection leads there."""

from django.db import models


class OneDatabase:
    """Let objects of the `default`, `aside` and `owner` connections meet, and migrate over any of them."""

    def db_for_read(self, _model: type[models.Model], **_hints: object) -> None:
        """Leave reading to `default`."""

    def allow_relation(self, *_rows: models.Model, **_hints: object) -> bool:
        """Allow it: the connections lead to the same rows."""
        return True
