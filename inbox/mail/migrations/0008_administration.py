"""What lists the quarantine and the open outbox, built while the desk works."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('mail', '0007_bounce'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='outboundmail',
            index=models.Index(condition=models.Q(('state__in', ['sent', 'cancelled']), _negated=True), fields=['id'], name='outbox_open'),
        ),
        AddIndexConcurrently(
            model_name='rawmail',
            index=models.Index(condition=models.Q(('state', 'quarantined')), fields=['id'], name='raw_mail_quarantined'),
        ),
    ]
