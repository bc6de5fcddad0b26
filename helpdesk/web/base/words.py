"""The words for each error: by its code where a person can do something about it, else by its status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_NOT_YOU: Final = _("You may not do this")
_UNFIT: Final = _("This cannot be taken")


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says about an error. `text` is shown without its title too, so it says by itself what to do."""

    title: str | Promise
    text: str | Promise


_BY_STATUS: Final[Mapping[int, Words]] = {
    400: Words(_("This request cannot be read"), _("Go back and try again.")),
    403: Words(_NOT_YOU, _("Ask whoever manages the roles of this inbox.")),
    404: Words(_("There is nothing here"), _("It does not exist, or you may not see it.")),
    409: Words(_("This has changed meanwhile"), _("Look at what is new, then decide again. Nothing was changed.")),
    413: Words(_("This is too much"), _("It is larger than this desk takes. Nothing was changed.")),
    422: Words(_UNFIT, _("Something in it does not fit. Nothing was changed.")),
    429: Words(_("Too many tries"), _("Wait a little, then try again.")),
    500: Words(_("Something went wrong here"), _("It is a fault of the desk and has been noted. Nothing was lost.")),
    503: Words(_("Not available just now"), _("A part of the desk does not answer. Try again in a minute.")),
}
_USED_FORM: Final = Words(
    _("This form cannot be used any more"), _("Load the page again and send it once more. Nothing was changed.")
)
_DAMAGED: Final = Words(
    _("This cannot be opened"),
    _("What was stored is damaged or gone. Ask whoever runs this desk to bring it back from a backup."),
)
_NO_KEY: Final = Words(
    _("The desk's key is not in its place"),
    _("What is sealed stays shut until whoever runs this desk puts the right key there. Nothing is lost."),
)
_NO_PAGE: Final = Words(_("This page does not exist"), _("The address names no place in the list: begin at its top."))
_BY_CODE: Final[Mapping[str, Words]] = {
    "csrf": Words(_("This form has grown old"), _("Load the page again and send it once more. Nothing was changed.")),
    "database_away": Words(
        _("The desk cannot reach its database"),
        _("Nothing is lost: mail waits on its server. Try again in a minute."),
    ),
    "redis_away": Words(
        _("Sign-in is not possible just now"),
        _("The desk cannot count failed tries, so it lets nobody in. Try again in a minute."),
    ),
    "integrity": _DAMAGED,
    "blob_missing": _DAMAGED,
    "key_missing": _NO_KEY,
    "wrong_root_key": _NO_KEY,
    "unsafe_key_file": _NO_KEY,
    "key_destroyed": Words(_("This was erased"), _("Its key was destroyed on purpose: nobody can open it any more.")),
    "bad_once": _USED_FORM,
    "bad_form": _USED_FORM,
    "bad_session": _USED_FORM,
    "bad_wish": _USED_FORM,
    "unknown_act": _USED_FORM,
    "once_taken": _USED_FORM,
    "still_running": Words(
        _("This is being done just now"), _("Wait a little, then load the page again to see how it ended.")
    ),
    "bad_cursor": _NO_PAGE,
    "audit_wrong_filter": _NO_PAGE,
    "wrong_numbers": _NO_PAGE,
    "empty_text": Words(_("There is no text"), _("Write a few words first. Nothing was sent or noted.")),
    "no_recipient": Words(
        _("There is nobody to send to"), _("Give an address that is not one of this desk's own. Nothing was sent.")
    ),
    "wrong_address": Words(
        _("No mail can be sent to one of the addresses"), _("Look at each address, then send again. Nothing was sent.")
    ),
    "same_address": Words(
        _("This is the same address"), _("The mail came back from this address: give another one. Nothing was sent.")
    ),
    "no_sender": Words(
        _("This inbox cannot send yet"),
        _("An administrator has to give it an address and a mailbox that sends. Nothing was sent."),
    ),
    "nothing_to_forward": Words(
        _("This cannot be forwarded"),
        _("An internal note never leaves the desk, and a sealed message cannot be read here. Nothing was sent."),
    ),
    "no_other_party": Words(
        _("This message is the customer's"), _("Answer it below the conversation. Nothing was sent.")
    ),
    "too_late_to_undo": Words(
        _("It is too late to take it back"),
        _("The mail is on its way already. Send another reply if something has to be put right."),
    ),
    "nothing_to_resend": Words(
        _("This mail need not be sent again"),
        _("It was sent, or still waits to be: load the page again to see how it stands."),
    ),
    "nothing_to_retry": Words(
        _("There is nothing to read again"),
        _("The mail could be read, or was never fetched: load the page again to see how it stands."),
    ),
    "wrong_provider": Words(
        _("This provider cannot be used that way"),
        _("Look at provider, tenant and way of consent: the help beside them says what goes together."),
    ),
    "no_such_consent": Words(
        _("This consent cannot be used"),
        _("It was begun elsewhere, used already, or took too long: press Connect once more. Nothing was changed."),
    ),
    "consent_refused": Words(
        _("The provider did not let the desk in"), _("Look at what the provider says, then press Connect once more.")
    ),
    "illegal_move": Words(
        _("This does not fit how the ticket stands"),
        _("Take it out of the bin first if it lies there, and load the page again. Nothing was changed."),
    ),
    "person_unknown": Words(
        _("This person is not known here"),
        _("They may have been switched off meanwhile: load the page again and choose somebody else."),
    ),
    "wrong_link": Words(
        _("This link cannot be opened"),
        _("It names no host that a browser would find, or hides where it leads. Ask the sender for the address."),
    ),
    "assign_denied": Words(
        _("You may not hand the ticket there"),
        _("You may take it yourself only, or that person does not answer mail in this inbox. Ask a team lead."),
    ),
    "upload_too_large": Words(
        _("The files are too large"),
        _("All files of a form count together: send fewer at once, or smaller ones. Nothing was sent."),
    ),
    "storage_full": Words(
        _("The desk has no room left for files"),
        _("Nothing was sent or changed, and your text is kept as a draft. Tell whoever runs this desk."),
    ),
    "session_not_found": Words(
        _("This session has ended already"), _("Load the page again to see where you are signed in.")
    ),
    "no_enrolment": Words(
        _("This set-up has run out"), _("Load the page again and use the new QR code. Nothing was changed.")
    ),
    "own_binding": Words(_NOT_YOU, _("Nobody changes their own rights: ask somebody else who manages roles.")),
    "not_yours_to_give": Words(_NOT_YOU, _("You can only give rights that you hold there yourself.")),
    "beyond_reach": Words(
        _NOT_YOU, _("This person may do more on the desk than you: ask somebody with the same rights.")
    ),
    "not_on_yourself": Words(_NOT_YOU, _("You cannot do this to yourself: ask a colleague who administers people.")),
    "empty_binding": Words(_UNFIT, _("Name at least one person or team.")),
    "address_taken": Words(_UNFIT, _("This address belongs to another inbox already.")),
    "address_in_use": Words(_UNFIT, _("Somebody else signs in with this address already.")),
    "shipped_role_kept": Words(
        _UNFIT, _("A role that ships with Postern stays as it is. Make a role of your own instead.")
    ),
    "role_in_use": Words(_UNFIT, _("Somebody holds this role. End its bindings first.")),
}


def words_for(code: str, status: int) -> Words:
    """Return the words for an error's `code`, else those for its `status`; a status without any counts as a fault."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status) or _BY_STATUS[500]
