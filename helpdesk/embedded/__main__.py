"""`python -m helpdesk.embedded BIND PORT [listen]`: hold the services of the home and keep web and worker running.

`up` becomes this program once tables, keys and files are ready: it needs a tenth of the memory.
"""

import sys

from helpdesk.embedded import desk, launch
from helpdesk.embedded.home import find_home


def main() -> None:
    """Run until a signal comes."""
    bind, port, *more = sys.argv[1:]
    with launch.services_for(["up"]):
        desk.supervise(find_home(), bind=bind, port=int(port), listens="listen" in more)


if __name__ == "__main__":
    main()
