"""A command that holds the services of its home: it says what it got, runs SQL it is given, and ends with its input."""

import json
import os
import sys

import psycopg

from helpdesk.embedded import launch
from helpdesk.embedded.home import find_home


def _say(words: object) -> None:
    sys.stdout.write(json.dumps(words, default=str) + "\n")
    sys.stdout.flush()


def _answer(role: str, sql: str) -> object:
    address = os.environ["DATABASE_URL"].replace("postern_app", role)
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return [list(row) for row in cursor.fetchall()] if cursor.description else []
    except psycopg.Error as error:
        return str(error)


def main() -> None:
    """Hold the services until the input ends; each line of it is `["role", "sql"]`."""
    with launch.services_for(["migrate"]):
        services = launch.held_services(find_home())
        pids = {service.name: service.pid() for service in services}
        _say({"pids": pids, "database": os.environ["DATABASE_URL"], "redis": os.environ["REDIS_URL"]})
        for line in sys.stdin:
            _say(_answer(*json.loads(line)))


if __name__ == "__main__":
    main()
