"""A session that may also put a mail into a folder: the copy of one that was sent."""

from datetime import datetime

from imapclient import SEEN
from imapclient.exceptions import IMAPClientError

from inbox.mail.imap.session import ImapSession
from inbox.mail.imap.wire import Step


class KeepingSession(ImapSession):
    """An ImapSession that appends. The library writes a folder's name as RFC 3501 5.1.3 wants it."""

    def keep(self, folder: str, *, header_id: str, mime: bytes, at: datetime) -> bool:
        """Put a mail into `folder`, read and dated `at`; False when one of this Message-ID lies there already.

        The folder is made when it is not there. Raises WireError.
        """
        with self._connection.at(Step.KEEP):
            self._make_sure_of(folder)
        if self._search(f'HEADER Message-ID "{header_id}"'):
            return False
        with self._connection.at(Step.KEEP):
            self._connection.client.append(folder, mime, (SEEN,), at)
        return True

    def _make_sure_of(self, folder: str) -> None:
        """Open the folder for reading; make it first when it is not there."""
        client = self._connection.client
        try:
            client.select_folder(folder, readonly=True)
        except IMAPClientError:
            if self._connection.is_in_doubt or client.folder_exists(folder):
                raise
            client.create_folder(folder)
            client.select_folder(folder, readonly=True)
