"""A supervisor over small parts, for tests: `python -m ... NAME=COMMAND ...`, with the services of the home or none."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from helpdesk.embedded import launch
from helpdesk.embedded.home import find_home
from helpdesk.embedded.supervise import Part, Supervisor
from helpdesk.embedded.terminal import Terminal


def main(words: Sequence[str]) -> None:
    """Run the parts; `--services` first holds the home's services too."""
    parts = [word.partition("=") for word in words if word != "--services"]
    home = find_home()
    with ExitStack() as stack:
        services = stack.enter_context(launch.hold(home)) if "--services" in words else []
        Supervisor(
            parts=[Part(name, tuple(shlex.split(command))) for name, _, command in parts],
            services=services,
            revive=partial(launch.revive, home, services),
            terminal=Terminal(sys.stdout),
        ).run()


if __name__ == "__main__":
    main(sys.argv[1:])
