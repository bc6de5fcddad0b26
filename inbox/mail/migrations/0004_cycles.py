"""Cycles on record, a back-fill beside new mail, comparing with the server, and what becomes of mail there."""

import django.db.models.deletion
import django.utils.timezone
import helpdesk.core.ids
import helpdesk.crypto.fields
from django.db import migrations, models


def _know_where_we_began(apps, editor):
    """What lay there before a mailbox that takes only new mail was added stays out; the numbers know their folder."""
    mailbox = apps.get_model("mail", "Mailbox")
    connected = mailbox.objects.using(editor.connection.alias).filter(uidvalidity__isnull=False)
    connected.update(seen_folder=models.F("folder"))
    connected.filter(history="none").update(floor_uid=models.F("last_uid"))


class Migration(migrations.Migration):

    dependencies = [
        ('mail', '0003_oauth'),
    ]

    operations = [
        migrations.CreateModel(
            name='MailboxCycle',
            fields=[
                ('id', models.UUIDField(default=helpdesk.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(null=True)),
                ('stored', models.PositiveIntegerField(default=0)),
                ('skipped', models.PositiveIntegerField(default=0)),
                ('duplicate', models.PositiveIntegerField(default=0)),
                ('reconciled', models.PositiveIntegerField(default=0)),
                ('disposed', models.PositiveIntegerField(default=0)),
                ('fault_step', models.CharField(blank=True, max_length=20)),
                ('fault_words', helpdesk.crypto.fields.SealedTextField(null=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='mailbox',
            name='back_left',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='back_total',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='back_uid',
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='back_until',
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='dispose',
            field=models.CharField(choices=[('leave', 'stays where it is'), ('move', 'is moved to a folder'), ('delete', 'is deleted')], default='leave', max_length=6, verbose_name='mail that was taken'),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='dispose_folder',
            field=models.CharField(default='Processed', help_text='Made when it is not there.', max_length=200, verbose_name='folder to move it to'),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='floor_uid',
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='next_reconcile_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='outage_from',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='outage_mails',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='outage_told_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='outage_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='secret_told_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='seen_folder',
            field=models.CharField(default='', editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name='rawmail',
            name='disposed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='rawmail',
            name='may_go',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='rawmail',
            name='reconciled',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='mailboxcycle',
            name='mailbox',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='cycles', to='mail.mailbox'),
        ),
        migrations.AddIndex(
            model_name='mailboxcycle',
            index=models.Index(fields=['mailbox', '-started_at'], name='cycle_newest'),
        ),
        migrations.RunPython(_know_where_we_began, migrations.RunPython.noop),
    ]
