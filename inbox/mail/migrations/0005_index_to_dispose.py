"""The index of mails that are to leave the server; it holds nothing yet, and nobody waits while it is made."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('mail', '0004_cycles'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='rawmail',
            index=models.Index(condition=models.Q(('disposed_at', None), ('may_go', True)), fields=['mailbox'], name='raw_mail_to_dispose'),
        ),
    ]
