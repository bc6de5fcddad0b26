"""Addresses of what came by mail, of the outbox, and of mail administration."""

from django.urls import path

from helpdesk.web.mail import acts, content, links, mailboxes, outbox, quarantine, reports, why

app_name = "mail"

urlpatterns = [
    path("m/<uuid:message_id>/body", content.body, name="body"),
    path("m/<uuid:message_id>/cid/<uuid:attachment_id>", content.inline_image, name="cid"),
    path("m/<uuid:message_id>/raw", content.raw, name="raw"),
    path("m/<uuid:message_id>/why", why.why, name="why"),
    path("files/<uuid:attachment_id>", content.file, name="file"),
    path("out", links.out, name="out"),
    path("t/<int:number>/retry", acts.retry, name="retry"),
    path("outbox/<uuid:outbound_id>/resend", acts.resend, name="resend"),
    path("mail/", mailboxes.mailboxes, name="mailboxes"),
    path("mail/mailboxes/<uuid:mailbox_id>", mailboxes.cycles, name="cycles"),
    path("mail/mailboxes/<uuid:mailbox_id>/copies", mailboxes.copies, name="copies"),
    path("mail/quarantine", quarantine.quarantine, name="quarantine"),
    path("mail/quarantine/retry", quarantine.retry_all, name="retry_all"),
    path("mail/quarantine/<uuid:raw_id>/retry", quarantine.retry_one, name="retry_one"),
    path("mail/outbox", outbox.outbox, name="outbox"),
    path("mail/outbox/<uuid:outbound_id>/words", outbox.words, name="words"),
    path("mail/outbox/<uuid:outbound_id>/cancel", outbox.cancel, name="cancel"),
    path("mail/outbox/<uuid:outbound_id>/resend", outbox.resend, name="resend_here"),
    path("mail/reports", reports.reports, name="reports"),
    path("mail/reports/<uuid:bounce_id>/take", reports.take, name="take_report"),
]
