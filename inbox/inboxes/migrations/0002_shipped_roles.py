"""The seven roles that ship with the product."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from inbox.inboxes.permissions import SHIPPED_ROLES


def ship(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    roles = apps.get_model("inboxes", "Role").objects.using(schema_editor.connection.alias)
    for shipped in SHIPPED_ROLES:
        roles.get_or_create(
            name=shipped.name,
            defaults={
                "rights": sorted(shipped.rights),
                "desk_rights": sorted(shipped.desk_rights),
                "assign_to_self": shipped.assign_to_self,
                "shipped": True,
            },
        )


def take_back(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("inboxes", "Role").objects.using(schema_editor.connection.alias).filter(shipped=True).delete()


class Migration(migrations.Migration):
    dependencies = [("inboxes", "0001_initial")]

    operations = [migrations.RunPython(ship, take_back)]
