"""The folder for sent mail, the copies that go there, and the pause that a server asks for."""

import django.db.models.deletion
import django.utils.timezone
import helpdesk.core.ids
import helpdesk.crypto.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mail', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='mailbox',
            name='sent_folder',
            field=models.CharField(blank=True, default='', help_text='A copy of each sent mail is put there over IMAP; empty: none is kept.', max_length=200, verbose_name='folder for sent mail'),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='smtp_pause_words',
            field=helpdesk.crypto.fields.SealedTextField(null=True),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='smtp_paused_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='mailbox',
            name='smtp_pauses',
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AlterField(
            model_name='outboundmail',
            name='kind',
            field=models.CharField(choices=[('reply', 'Reply'), ('new', 'New conversation'), ('acknowledgement', 'Acknowledgement'), ('system', 'System mail'), ('forward', 'Forward'), ('party', 'Answer to another party')], max_length=16),
        ),
        migrations.CreateModel(
            name='SentCopy',
            fields=[
                ('id', models.UUIDField(default=helpdesk.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('folder', models.CharField(max_length=200)),
                ('state', models.CharField(choices=[('waiting', 'Waiting to be saved'), ('saving', 'Being saved'), ('saved', 'Saved'), ('failed', 'Could not be saved')], default='waiting', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('try_after', models.DateTimeField(default=django.utils.timezone.now)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('server_words', helpdesk.crypto.fields.SealedTextField(null=True)),
                ('saved_at', models.DateTimeField(null=True)),
                ('mailbox', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mail.mailbox')),
                ('outbound', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='sent_copy', to='mail.outboundmail')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['try_after'], name='sent_copy_due'), models.Index(condition=models.Q(('state', 'saving')), fields=['claimed_at'], name='sent_copy_claimed'), models.Index(condition=models.Q(('state', 'saved'), _negated=True), fields=['mailbox'], name='sent_copy_open')],
            },
        ),
    ]
