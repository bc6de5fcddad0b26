"""Read `docker-compose.yml` and `Dockerfile` and find what in them does not fit the code."""

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import yaml
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError
from django.urls import Resolver404, resolve

from helpdesk.settings import tasks

ROOT: Final = Path(__file__).resolve().parent.parent.parent
Compose = dict[str, Any]  # Any: YAML has no shape of its own
OURS: Final = ("web", "worker", "beat", "listen", "migrate", "setup")
ONE_SHOT: Final = ("migrate", "setup")

# What the interpreter, Django and the official images themselves read; see their own pages.
_OF_OTHERS: Final = {
    "PATH",
    "PYTHONUNBUFFERED",
    "PYTHONDONTWRITEBYTECODE",
    "PIP_NO_CACHE_DIR",
    "PIP_DISABLE_PIP_VERSION_CHECK",
    "DJANGO_SETTINGS_MODULE",
}
_OF_POSTGRES: Final = {"POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS", "POSTGRES_HOST_AUTH_METHOD"}


def read_compose(text: str | None = None) -> Compose:
    """Return the compose file as PyYAML reads it, merges resolved."""
    loaded: Compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text() if text is None else text)
    return loaded


def read_dockerfile(text: str | None = None) -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with their words, lines joined and comments dropped."""
    source = (ROOT / "Dockerfile").read_text() if text is None else text
    lines = re.sub(r"^#.*\n", "", source, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    pairs = (line.split(None, 1) for line in lines if line.strip())
    return [(name.upper(), words.strip()) for name, words in pairs]


@cache
def variables_read() -> frozenset[str]:
    """Return the names that the code reads from the environment."""
    names = set()
    for path in (*(ROOT / "helpdesk" / "settings").glob("*.py"), ROOT / "helpdesk" / "crypto" / "providers.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"[A-Z][A-Z_]+", node.value)
            ):
                names.add(node.value)
    return frozenset(names)


def unknown_variables(compose: Compose, dockerfile: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the variables that nothing reads."""
    for name, service in compose["services"].items():
        known = _OF_POSTGRES if name == "database" else set()
        yield from (
            f"{name}: {key}" for key in service.get("environment", {}) if not _is_read(key) and key not in known
        )
    for instruction, words in dockerfile:
        if instruction == "ENV":
            yield from (f"Dockerfile: {key}" for key in _env(words) if not _is_read(key))


def _env(words: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(words))


def _is_read(name: str) -> bool:
    return name in _OF_OTHERS or name in variables_read() or name.removesuffix("_FILE") in variables_read()


def image_environment(dockerfile: list[tuple[str, str]]) -> dict[str, str]:
    """Return the variables of the image itself: those after the last FROM."""
    last = max(index for index, (name, _) in enumerate(dockerfile) if name == "FROM")
    found: dict[str, str] = {}
    for name, words in dockerfile[last:]:
        found |= _env(words) if name == "ENV" else {}
    return found


def wrong_commands(compose: Compose, dockerfile: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the commands of ours that the code would not take, with the reason."""
    commands = {name: compose["services"][name]["command"] for name in OURS}
    commands["Dockerfile"] = next(json.loads(words) for name, words in dockerfile if name == "CMD")
    for name, command in commands.items():
        yield from (f"{name}: {fault}" for fault in _faults(command))


def _faults(command: list[str]) -> Iterator[str]:
    match command:
        case ["python", "manage.py", name, *words]:
            yield from _manage_faults(name, words)
        case ["granian", *words]:
            yield from _unknown_options(("granian",), words)
            yield from _missing_target(next(word for word in words if ":" in word))
        case ["celery", "-A", app, name, *words]:
            if find_spec(f"{app}.celery") is None:
                yield f"there is no {app}.celery"
                return
            yield from _unknown_options(("celery", "-A", app, name), words)
            yield from _wrong_queues(words)
        case _:
            yield f"{command[0]} is no program of ours"


def _manage_faults(name: str, words: list[str]) -> Iterator[str]:
    app = get_commands().get(name)
    if app is None:
        yield f"there is no command {name}"
        return
    command = app if not isinstance(app, str) else load_command_class(app, name)
    try:
        command.create_parser("manage.py", name).parse_args(words)
    except (CommandError, SystemExit):
        yield f"{name} does not take {words}"


@cache
def _help(program: tuple[str, ...]) -> str:
    path = Path(sys.executable).with_name(program[0])
    done = subprocess.run((path, *program[1:], "--help"), cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - no shell
    return done.stdout


def _unknown_options(program: tuple[str, ...], words: list[str]) -> Iterator[str]:
    options = {word.split("=")[0] for word in words if word.startswith("-")}
    known = set(re.findall(r"(?<![\w-])--?[a-zA-Z0-9][a-zA-Z0-9-]*", _help(program)))
    yield from (f"{program[0]} does not take {option}" for option in sorted(options - known))


def _missing_target(target: str) -> Iterator[str]:
    module, name = target.split(":")
    spec = find_spec(module)
    if spec is None or spec.origin is None or f"\n{name} = " not in Path(spec.origin).read_text():
        yield f"there is no {target}"


def _wrong_queues(words: list[str]) -> Iterator[str]:
    if "--queues" not in words:
        return
    served = set(words[words.index("--queues") + 1].split(","))
    used = {route["queue"] for route in tasks.CELERY_TASK_ROUTES.values()} | {tasks.CELERY_TASK_DEFAULT_QUEUE}
    yield from (f"queue {name} is on one side alone" for name in sorted(served ^ used))


def wrong_ports(compose: Compose, dockerfile: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the places that name another port than the image listens on, and a health path that does not exist."""
    port = image_environment(dockerfile)["POSTERN_PORT"]
    web = compose["services"]["web"]
    probe = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", " ".join(web["healthcheck"]["test"]))
    named = {
        "published": web["ports"][0].rsplit(":", 1)[1],
        "command": web["command"][web["command"].index("--port") + 1],
        "exposed": next(words for name, words in dockerfile if name == "EXPOSE"),
        "probed": probe[1] if probe else "",
    }
    yield from (f"{place}: {value}" for place, value in named.items() if value != port)
    try:
        resolve(probe[2] if probe else "")
    except Resolver404:
        yield "the probed path does not exist"


def wrong_paths(compose: Compose, dockerfile: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the sources, volumes and secrets that are not there."""
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name, words in dockerfile:
        if name == "COPY" and not words.startswith("--from"):
            source = words.split()[0]
            yield from [] if (ROOT / source).exists() and source in let_in else [f"COPY {source}"]
    home = image_environment(dockerfile)["POSTERN_HOME"]
    for name, service in compose["services"].items():
        yield from (f"{name}: secret {key}" for key in service.get("secrets", []) if key not in compose["secrets"])
        for mount in service.get("volumes", []):
            source, target = mount.split(":")[:2]
            is_there = (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"]
            yield from [] if is_there else [f"{name}: volume {source}"]
            yield from [f"{name}: home at {target}"] if source == "home" and target != home else []
        for key, value in service.get("environment", {}).items():
            secret = str(value).removeprefix("/run/secrets/")
            yield from [f"{name}: {key}"] if secret != str(value) and secret not in service.get("secrets", []) else []


def open_doors(compose: Compose, dockerfile: list[tuple[str, str]]) -> Iterator[str]:
    """Yield what is laxer than it need be: root, a writable system, rights, no health check, the owner's address."""
    for name, service in compose["services"].items():
        if service.get("user", "").split(":")[0] in {"", "0", "root"}:
            yield f"{name}: runs as root"
        if not service.get("read_only") or not service.get("tmpfs"):
            yield f"{name}: writable system"
        if service.get("cap_drop") != ["ALL"] or "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name}: rights"
        if "healthcheck" not in service and name not in ONE_SHOT:
            yield f"{name}: no health check"
        if any("OWNER" in key for key in service.get("environment", {})) and name != "migrate":
            yield f"{name}: has the owner's address"
        if name not in OURS and "outside" in service["networks"]:
            yield f"{name}: reaches the outside"
    users = [words for name, words in dockerfile if name == "USER"]
    if not users or users[-1].split(":")[0] in {"0", "root"}:
        yield "Dockerfile: runs as root"
