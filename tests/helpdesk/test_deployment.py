"""The compose file and the image fit the code. No engine is needed to see it, and no image is built here."""

import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpdesk.embedded import postgres
from helpdesk.embedded.desk import QUEUES, web
from tests.helpdesk import deployment
from tests.helpdesk.deployment import ROOT, Compose, read_compose, read_dockerfile

Check = Callable[[Compose, list[tuple[str, str]]], Iterator[str]]
CHECKS: list[Check] = [
    deployment.unknown_variables,
    deployment.wrong_commands,
    deployment.wrong_ports,
    deployment.wrong_paths,
    deployment.open_doors,
]


@pytest.mark.parametrize("check", CHECKS)
def test_the_files_fit_the_code(check: Check) -> None:
    assert list(check(read_compose(), read_dockerfile())) == []


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (deployment.unknown_variables, "POSTERN_URL: ", "POSTERN_URI: "),
        (deployment.wrong_commands, "manage.py, migrate", "manage.py, migrato"),
        (deployment.wrong_commands, "migrate, --no-input", "migrate, --no-imput"),
        (deployment.wrong_commands, "--without-gossip", "--without-gossips"),
        (deployment.wrong_commands, "fetch,process,send,slow", "fetch,process,send"),
        (deployment.wrong_commands, "helpdesk.asgi:application", "helpdesk.asgi:app"),
        (deployment.wrong_commands, "celery, -A, helpdesk, beat", "celery, -A, accounts, beat"),
        (deployment.wrong_ports, ":8000/healthz", ":8001/healthz"),
        (deployment.wrong_ports, ":8000/healthz", ":8000/health"),
        (deployment.wrong_ports, '--port, "8000"', '--port, "80"'),
        (deployment.wrong_paths, "home:/var/lib/postern", "home:/var/lib/other"),
        (deployment.wrong_paths, "./deploy/roles.sh", "./deploy/rules.sh"),
        (deployment.wrong_paths, "secrets: [database_url, redis_url, secret_key, root_key]", "secrets: [database_url]"),
        (deployment.wrong_paths, "  secret_key: {file", "  secret_kee: {file"),
        (deployment.open_doors, 'user: "10001:10001"', "user: root"),
        (deployment.open_doors, "read_only: true", "read_only: false"),
        (deployment.open_doors, "cap_drop: [ALL]", "cap_drop: []"),
        (deployment.open_doors, "    SECRET_KEY_FILE:", "    DATABASE_OWNER_URL_FILE: x\n    SECRET_KEY_FILE:"),
        (deployment.open_doors, "networks: [inside]\n    volumes", "networks: [outside]\n    volumes"),
    ],
)
def test_a_planted_fault_in_the_compose_file_is_found(check: Check, right: str, wrong: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert right in text

    assert list(check(read_compose(text.replace(right, wrong)), read_dockerfile())) != []


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (deployment.unknown_variables, "POSTERN_STATIC=/app/collected \\", "POSTERN_FILES=/app/collected \\"),
        (deployment.wrong_commands, '"granian", "--interface"', '"granian", "--interfaces"'),
        (deployment.wrong_ports, "EXPOSE 8000", "EXPOSE 80"),
        (deployment.wrong_paths, "COPY inbox inbox", "COPY inboxes inboxes"),
        (deployment.wrong_paths, "COPY audit audit", "COPY tests tests"),
        (deployment.open_doors, "USER 10001:10001", "USER root"),
    ],
)
def test_a_planted_fault_in_the_dockerfile_is_found(check: Check, right: str, wrong: str) -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert right in text

    assert list(check(read_compose(), read_dockerfile(text.replace(right, wrong)))) != []


def test_the_image_and_one_machine_start_the_same_processes() -> None:
    compose = read_compose()["services"]

    assert compose["web"]["command"][1:] == list(web("0.0.0.0", 8000).command[1:])  # noqa: S104 - inside a container
    assert QUEUES in compose["worker"]["command"]


def test_the_secrets_are_made_once_and_privately(tmp_path: Path) -> None:
    shutil.copy(ROOT / "deploy" / "make-secrets", tmp_path)
    subprocess.run([tmp_path / "make-secrets"], check=True, capture_output=True)  # noqa: S603 - no shell
    made = {path: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    subprocess.run([tmp_path / "make-secrets"], check=True, capture_output=True)  # noqa: S603 - no shell

    assert {path: path.read_text() for path in made} == made
    assert {path.name for path in made} >= set(read_compose()["secrets"])
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o400}
    assert len(bytes.fromhex((tmp_path / "secrets" / "root_key").read_text())) == 32


def test_both_ways_make_the_same_roles() -> None:
    script = (ROOT / "deploy" / "roles.sh").read_text()

    told = [line for line in postgres._ROLES.splitlines() if not line.startswith("CREATE ROLE")]
    assert [line for line in told if f"{line};" not in script] == []
