"""Talk with somebody who is not the customer: marked on its messages, with drafts of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0002_ticket_number'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='other_party',
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name='draft',
            name='kind',
            field=models.CharField(choices=[('reply', 'Reply'), ('note', 'Internal note'), ('new', 'New conversation'), ('forward', 'Forward'), ('party', 'Answer to another party')], max_length=10),
        ),
    ]
