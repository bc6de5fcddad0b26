"""What can go wrong with people and their factors."""

from helpdesk.core.errors import Conflict, Forbidden, Invalid, NotFound


class AddressInUse(Conflict):
    """A person with this address exists, perhaps in other letters' case."""

    code = "address_in_use"


class NoEnrolment(Conflict):
    """No second factor is waiting to be confirmed."""

    code = "no_enrolment"


class NotOnYourself(Forbidden):
    """Nobody resets their own factors: somebody else vouches for them."""

    code = "not_on_yourself"


class ReasonMissing(Invalid):
    """The act needs a reason in words."""

    code = "reason_missing"


class SessionNotFound(NotFound):
    """No such session, or not of this person."""

    code = "session_not_found"
