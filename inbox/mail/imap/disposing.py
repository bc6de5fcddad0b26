"""A session that may also take mails away: the only code that changes anything in a folder that the desk reads."""

from collections.abc import Sequence
from typing import Final

from imapclient import DELETED
from imapclient.exceptions import IMAPClientError

from inbox.mail.imap.session import FolderState, ImapSession
from inbox.mail.imap.wire import Step

AT_ONCE: Final = 200
"""How many mails go in one command: a longer line is more than some servers take."""


class DisposingSession(ImapSession):
    """An ImapSession that moves and deletes by UID. A mail that is there no more is no error: each act may run twice.

    Nothing but the mails named is ever marked or removed: without UIDPLUS (RFC 4315) they are only marked as deleted,
    since a plain EXPUNGE would take along what others have marked.
    """

    def open_for_change(self, folder: str) -> FolderState:
        """Open a folder for writing (SELECT). Raises WireError."""
        return self._open(folder, step=Step.DISPOSE, readonly=False)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails of the open folder into another one, which is made when it is not there. Raises WireError."""
        with self._connection.at(Step.DISPOSE):
            try:
                self._put(uids, folder)
            except IMAPClientError:
                client = self._connection.client
                if self._connection.is_in_doubt or client.folder_exists(folder):
                    raise
                client.create_folder(folder)
                self._put(uids, folder)

    def delete(self, uids: Sequence[int]) -> None:
        """Delete mails of the open folder. Raises WireError."""
        with self._connection.at(Step.DISPOSE):
            self._remove(uids)

    def _put(self, uids: Sequence[int], folder: str) -> None:
        client = self._connection.client
        if client.has_capability("MOVE"):
            client.move(uids, folder)
            return
        flags = client.get_flags(uids)
        fresh = [uid for uid in flags if DELETED not in flags[uid]]  # the others were copied by a try that was cut off
        if fresh:
            client.copy(fresh, folder)
        self._remove(uids)

    def _remove(self, uids: Sequence[int]) -> None:
        client = self._connection.client
        client.add_flags(uids, [DELETED], silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(uids)
