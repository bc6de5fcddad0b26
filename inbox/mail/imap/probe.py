"""The connection test of an IMAP account: every step with its outcome, for a page or a command."""

from typing import Final

from imapclient import SocketTimeout

from inbox.mail.imap.session import ImapSession
from inbox.mail.imap.wire import Server, Step, StepResult, WireError, step_results

_STEPS: Final = (Step.DNS, Step.TCP, Step.TLS, Step.SIGN_IN, Step.FOLDER, Step.FETCH)
_PATIENCE: Final = SocketTimeout(connect=10, read=20)


def probe(server: Server, *, user: str, password: str, folder: str, bearer: bool = False) -> list[StepResult]:
    """Return the outcome of each step up to the first that failed; all ok means that mail can be fetched.

    `bearer`: the password is an access token. Changes nothing on the server. The last step reads the size of the
    newest mail, if there is one.
    """
    failed: WireError | None = None
    try:
        with ImapSession(server, user=user, password=password, bearer=bearer, timeout=_PATIENCE) as session:
            state = session.select(folder)
            session.facts(session.uids_above(max(0, state.uidnext - 2)))
    except WireError as error:
        failed = error
    return step_results(server, _STEPS, failed=failed)
