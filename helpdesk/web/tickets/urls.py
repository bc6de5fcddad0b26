"""Addresses of tickets."""

from django.urls import path

from helpdesk.web.tickets import acts, elsewhere, forwarding, pages, writing

app_name = "tickets"

urlpatterns = [
    path("", pages.list_page, name="list"),
    path("t/<int:number>", pages.ticket_page, name="ticket"),
    path("t/<int:number>/print", pages.print_page, name="print"),
    path("t/<int:number>/state", acts.state, name="state"),
    path("t/<int:number>/assign", acts.assign, name="assign"),
    path("t/<int:number>/delete", acts.delete, name="delete"),
    path("t/<int:number>/restore", acts.restore, name="restore"),
    path("t/<int:number>/reply", writing.reply, name="reply"),
    path("t/<int:number>/note", writing.note, name="note"),
    path("t/<int:number>/forward", forwarding.forward, name="forward"),
    path("t/<int:number>/party/<uuid:message_id>", forwarding.party, name="party"),
    path("t/<int:number>/draft", writing.draft, name="draft"),
    path("elsewhere/<uuid:bounce_id>", elsewhere.elsewhere, name="elsewhere"),
    path("rows", pages.rows, name="rows"),
    path("new", writing.new, name="new"),
    path("undo/<uuid:outbound_id>", writing.undo, name="undo"),
]
