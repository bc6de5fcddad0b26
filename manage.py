#!/usr/bin/env python
"""Start a command of Postern, with the services that its home needs."""

import os
import sys

from django.core.management import execute_from_command_line

from helpdesk.embedded import launch


def main() -> int:
    """Run the command named in `sys.argv` and return its exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings.desk")
    with launch.services_for(sys.argv[1:]):
        execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    sys.exit(main())
