"""Room for what few mails have besides their words: invitations, a signature, a sender without an address."""

from django.db import migrations

import helpdesk.crypto.fields


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0003_other_party'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='extras',
            field=helpdesk.crypto.fields.SealedJSONField(null=True),
        ),
    ]
