"""The settings of a running desk: every part, from the environment alone."""

from helpdesk.settings.base import *  # noqa: F403 - one module per subject, joined here
from helpdesk.settings.logs import *  # noqa: F403 - as above
from helpdesk.settings.mail import *  # noqa: F403 - as above
from helpdesk.settings.security import *  # noqa: F403 - as above
from helpdesk.settings.tasks import *  # noqa: F403 - as above
