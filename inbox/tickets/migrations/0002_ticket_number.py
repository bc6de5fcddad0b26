"""The sequence behind the short ticket numbers: never reused, not even after a rollback."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE ticket_number START WITH 1001", "DROP SEQUENCE ticket_number"),
    ]
