"""What can go wrong with mail, as far as a person is told."""

from helpdesk.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class MailNotFound(NotFound):
    """No such mail that the caller may see."""

    code = "mail_not_found"


class LeaseTaken(Unavailable):
    """Somebody else fetches this mailbox now."""

    code = "lease_taken"


class LeaseLost(Unavailable):
    """The lease ended while it was held: somebody else took over, so nothing more may be stored."""

    code = "lease_lost"


class NoRecipient(Invalid):
    """Nobody is left to send to: every address is missing, wrong or the desk's own."""

    code = "no_recipient"


class WrongAddress(Invalid):
    """An address that no mail can be sent to."""

    code = "wrong_address"


class SameAddress(Invalid):
    """The mail came back from this very address."""

    code = "same_address"


class NoSender(Invalid):
    """The inbox has no address to send from, or no mailbox with a way out."""

    code = "no_sender"


class NothingToForward(Invalid):
    """A note, or a message whose words cannot be read here: such a one leaves the house by no forward."""

    code = "nothing_to_forward"


class NoOtherParty(Invalid):
    """The message belongs to the talk with the customer: it is answered there."""

    code = "no_other_party"


class TooLateToUndo(Conflict):
    """The mail is on its way already."""

    code = "too_late_to_undo"


class NotTheAuthor(Forbidden):
    """Somebody else wrote the mail: they alone take it back."""

    code = "not_the_author"


class NothingToResend(Conflict):
    """The mail was sent, or still waits to be."""

    code = "nothing_to_resend"


class NothingToRetry(Conflict):
    """The mail could be read, or its bytes were never fetched."""

    code = "nothing_to_retry"


class OnceTaken(Conflict):
    """A form's own key was used by somebody else's form."""

    code = "once_taken"


class WrongProvider(Invalid):
    """No such provider of tokens on this desk, or not that way."""

    code = "wrong_provider"


class NoSuchConsent(Invalid):
    """The answer of a provider fits no consent that this session began a moment ago."""

    code = "no_such_consent"


class ConsentRefused(Invalid):
    """The provider lets the desk not into the mailbox; the text is its own words."""

    code = "consent_refused"
