"""A table of its own for the tests of sealed columns: all kinds of them, with and without NULL."""

from typing import ClassVar, Self

from django.apps.registry import Apps
from django.db import connection, models

from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedBytesField, SealedJSONField, SealedModel, SealedTextField
from helpdesk.crypto.keyring import KeyRef, Owner, OwnerKind


class Row(SealedModel):
    """A row of one ticket, which need not exist: its DataKey is enough."""

    id = models.UUIDField(primary_key=True, default=new_id)
    ticket = models.UUIDField()
    state = models.CharField(max_length=10, default="open")
    subject = SealedTextField()
    body = SealedTextField(default="")
    note = SealedTextField(null=True)
    facts = SealedJSONField(default=dict)
    blob = SealedBytesField(default=b"")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        apps = Apps()  # a registry of its own: no other test meets this model
        app_label = "crypto"
        managed = False
        db_table = "sealed_row"

    def seal_ref(self) -> KeyRef:
        """Return the key of its ticket."""
        return Owner(OwnerKind.TICKET, self.ticket)


def stored(row: Row, column: str) -> bytes | None:
    """Return the bytes of a column as the database holds them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM sealed_row WHERE id = %s", [row.pk])  # noqa: S608 - a column's name
        found = cursor.fetchone()[0]
    return None if found is None else bytes(found)
