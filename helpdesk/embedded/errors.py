"""What can go wrong with the services of one machine; the text is for the person at the terminal."""


class ServiceError(Exception):
    """A service cannot be started, found or stopped; the text says what to do about it."""
