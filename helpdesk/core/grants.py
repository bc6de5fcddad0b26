"""What the app role may do in the database: read and write rows, never change a table, never touch the log's past."""

from collections.abc import Sequence

from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

_GRANTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON {schema}.django_migrations FROM {role}",
)
_INSERT_ONLY = "REVOKE UPDATE, DELETE ON {schema}.{table} FROM {role}"


def grant_app_role(using: str, *, insert_only: Sequence[str]) -> bool:
    """Give the app role what it needs on every table, tables of `insert_only` to read and to add to alone.

    `using` is the connection of the owner, who calls this after each migration, so that a role made by hand works like
    an embedded one; what it was given besides is taken away. Returns False, and does nothing, when the owner and the
    app role are one.
    """
    role = settings.POSTERN_APP_ROLE
    with transaction.atomic(using), connections[using].cursor() as cursor:
        cursor.execute("SELECT current_user, current_schema()")
        owner, schema = cursor.fetchone()
        if role in {"", owner}:
            return False
        names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
        for text in _GRANTS:
            cursor.execute(sql.SQL(text).format(**names))
        for table in insert_only:
            cursor.execute(sql.SQL(_INSERT_ONLY).format(table=sql.Identifier(table), **names))
    return True
