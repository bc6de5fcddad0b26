"""The models of tickets, one noun a module."""

from inbox.tickets.models.drafts import Draft
from inbox.tickets.models.messages import Attachment, Message, Participant
from inbox.tickets.models.tickets import Ticket, TicketReader, TicketSeen

__all__ = ["Attachment", "Draft", "Message", "Participant", "Ticket", "TicketReader", "TicketSeen"]
