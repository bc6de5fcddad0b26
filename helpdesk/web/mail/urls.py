"""Addresses of what came by mail: framed bodies, files, originals, links; and of the outbox."""

from django.urls import path

from helpdesk.web.mail import acts, content, links

app_name = "mail"

urlpatterns = [
    path("m/<uuid:message_id>/body", content.body, name="body"),
    path("m/<uuid:message_id>/cid/<uuid:attachment_id>", content.inline_image, name="cid"),
    path("m/<uuid:message_id>/raw", content.raw, name="raw"),
    path("files/<uuid:attachment_id>", content.file, name="file"),
    path("out", links.out, name="out"),
    path("t/<int:number>/retry", acts.retry, name="retry"),
    path("outbox/<uuid:outbound_id>/resend", acts.resend, name="resend"),
]
