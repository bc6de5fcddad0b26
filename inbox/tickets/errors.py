"""What can go wrong with a ticket."""

from helpdesk.core.errors import Conflict, Forbidden, Invalid, NotFound


class TicketNotFound(NotFound):
    """No such ticket, or it is hidden: both look the same."""

    code = "ticket_not_found"


class AttachmentNotFound(NotFound):
    """No such file on a ticket that the caller may see."""

    code = "attachment_not_found"


class MessageNotFound(NotFound):
    """No such message on a ticket that the caller may see."""

    code = "message_not_found"


class TicketMoved(Conflict):
    """The ticket has moved on since the caller looked: version `seen` is now `current`."""

    code = "ticket_moved"

    def __init__(self, seen: int, current: int) -> None:
        super().__init__(f"the ticket is at version {current}, not {seen}")
        self.seen = seen
        self.current = current


class IllegalMove(Conflict):
    """The act does not fit the ticket's state: it lies in the bin, or is there already."""

    code = "illegal_move"


class AssignDenied(Forbidden):
    """The person may hand the ticket to themselves only, or the receiver may not work there."""

    code = "assign_denied"


class EmptyText(Invalid):
    """A note or reply without a word."""

    code = "empty_text"


class RightMissing(Forbidden):
    """The ticket may be seen, but the act needs the right `need` on its inbox."""

    code = "right_missing"

    def __init__(self, need: str) -> None:
        super().__init__(f"this needs the right {need} on the inbox")
        self.need = need


class ReaderDenied(Forbidden):
    """The person cannot be named as a reader: the inbox is shut to them, or the ticket is not restricted."""

    code = "reader_denied"
