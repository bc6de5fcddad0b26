"""The six kinds of what a person or a caller did wrong; any other exception is a bug, never caught below the edge."""


class DomainError(Exception):
    """Something that a caller can be told.

    `code` is stable and names the case (the words for it stand in `web/`), `status` is the HTTP status,
    `again` says whether the same call may succeed later without anybody changing anything.
    """

    code = "error"
    status = 500
    again = False


class NotFound(DomainError):
    """Absent, or hidden from the caller: both look the same."""

    code = "not_found"
    status = 404


class Forbidden(DomainError):
    """The caller may know the object but not do this."""

    code = "forbidden"
    status = 403


class Conflict(DomainError):
    """The object has moved on, or the act does not fit its state."""

    code = "conflict"
    status = 409


class Invalid(DomainError):
    """The input cannot be taken; nothing was changed."""

    code = "invalid"
    status = 422


class TooMuch(DomainError):
    """A limit was reached: size, number or rate."""

    code = "too_much"
    status = 413


class Unavailable(DomainError):
    """Something outside did not answer; the same call may succeed later."""

    code = "unavailable"
    status = 503
    again = True
