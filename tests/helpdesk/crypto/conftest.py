"""What the tests of sealed columns share: a table of their own, and a ticket's key."""

import uuid

import pytest
from django.db import connection

from helpdesk.core.ids import new_id
from helpdesk.crypto.keyring import Owner, OwnerKind, make_key


@pytest.fixture
def rows(db: None) -> uuid.UUID:
    """Make the table for the length of a test, and a ticket's key; the ticket's id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE sealed_row (id uuid PRIMARY KEY, ticket uuid NOT NULL, state text NOT NULL,"
            " subject bytea NOT NULL, body bytea NOT NULL, note bytea, facts bytea NOT NULL, blob bytea NOT NULL)"
        )
    ticket = new_id()
    make_key(Owner(OwnerKind.TICKET, ticket))
    return ticket
