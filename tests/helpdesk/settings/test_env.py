"""The typed readers of the environment: what they return, and how they refuse."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.settings import env

NAME = "POSTERN_PROBE"
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _clean(monkeypatch: Patch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.delenv(f"{NAME}_FILE", raising=False)


def test_text_prefers_the_value_to_the_file_and_to_the_default(monkeypatch: Patch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file\n", encoding="utf-8")

    assert env.text(NAME, "default") == "default"
    monkeypatch.setenv(f"{NAME}_FILE", str(secret))
    assert env.text(NAME, "default") == "from the file"
    monkeypatch.setenv(NAME, "from the environment")
    assert env.text(NAME, "default") == "from the environment"


def test_text_takes_an_empty_value_as_given(monkeypatch: Patch) -> None:
    monkeypatch.setenv(NAME, "")

    assert env.text(NAME, "default") == ""


def test_text_without_default_names_both_ways_to_give_it() -> None:
    with pytest.raises(env.WrongSetting, match=f"^{NAME} is not set: .*{NAME} or {NAME}_FILE$"):
        env.text(NAME)


def test_text_names_a_file_that_cannot_be_read_and_not_its_path(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "absent"))

    with pytest.raises(env.WrongSetting) as refused:
        env.text(NAME, "default")

    assert str(refused.value) == f"{NAME}_FILE cannot be read: No such file or directory"


@given(st.integers(-50, 50))
def test_integer_keeps_within_its_bounds(value: int) -> None:
    with Patch.context() as patch:
        patch.setenv(NAME, str(value))
        if 0 <= value <= 10:
            assert env.integer(NAME, 5, low=0, high=10) == value
        else:
            with pytest.raises(env.WrongSetting, match="must lie between 0 and 10"):
                env.integer(NAME, 5, low=0, high=10)


def test_integer_has_a_default_and_refuses_words(monkeypatch: Patch) -> None:
    assert env.integer(NAME, 5) == 5
    monkeypatch.setenv(NAME, "five")

    with pytest.raises(env.WrongSetting, match=f"^{NAME} must be a whole number, not 'five'$"):
        env.integer(NAME, 5)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("1", True),
        ("Yes", True),
        (" on ", True),
        ("TRUE", True),
        ("0", False),
        ("no", False),
        ("off", False),
        ("", False),
    ],
)
def test_boolean_reads_plain_words(monkeypatch: Patch, raw: str, value: bool) -> None:  # noqa: FBT001 - the expected value
    monkeypatch.setenv(NAME, raw)

    assert env.boolean(NAME, default=not value) is value


@pytest.mark.parametrize("default", [True, False])
def test_boolean_has_a_default(default: bool) -> None:  # noqa: FBT001 - the value under test
    assert env.boolean(NAME, default=default) is default


def test_boolean_refuses_what_it_does_not_know(monkeypatch: Patch) -> None:
    monkeypatch.setenv(NAME, "perhaps")

    with pytest.raises(env.WrongSetting, match=f"^{NAME} must be yes or no, not 'perhaps'$"):
        env.boolean(NAME, default=True)


def test_words_are_split_at_commas(monkeypatch: Patch) -> None:
    assert env.words(NAME) == []
    monkeypatch.setenv(NAME, " a.example, ,b.example ,")

    assert env.words(NAME) == ["a.example", "b.example"]


def test_folder_is_absolute(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NAME, "below")

    assert env.folder(NAME, Path("/elsewhere")) == tmp_path / "below"
    monkeypatch.delenv(NAME)
    assert env.folder(NAME, Path("/elsewhere")) == Path("/elsewhere")


def test_database_reads_every_part(monkeypatch: Patch) -> None:
    monkeypatch.setenv(NAME, "postgresql://de%40sk:pa%2Fss@db.example:5433/post%20ern?sslmode=verify-full")

    assert env.database(NAME) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "post ern",
        "USER": "de@sk",
        "PASSWORD": "pa/ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "verify-full"},
    }


def test_database_takes_a_socket_folder_as_its_host(monkeypatch: Patch) -> None:
    monkeypatch.setenv(NAME, "postgresql://desk@/postern?host=/run/desk/sock")

    assert env.database(NAME) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postern",
        "USER": "desk",
        "PASSWORD": "",
        "HOST": "/run/desk/sock",
        "PORT": "",
        "OPTIONS": {},
    }


def test_database_is_empty_without_a_value() -> None:
    assert env.database(NAME) == {}


@pytest.mark.parametrize("url", ["sqlite:///desk.db", "mysql://desk@db/desk", "db.example"])
def test_database_refuses_other_engines(monkeypatch: Patch, url: str) -> None:
    monkeypatch.setenv(NAME, url)

    with pytest.raises(env.WrongSetting, match=f"^{NAME} must begin with postgresql://"):
        env.database(NAME)


def test_a_refused_database_address_does_not_show_its_password(monkeypatch: Patch) -> None:
    monkeypatch.setenv(NAME, "mysql://desk:open-sesame@db/desk")

    with pytest.raises(env.WrongSetting) as refused:
        env.database(NAME)

    assert "open-sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://cache.example:6379", ("redis://cache.example:6379", False)),
        ("rediss://:secret@cache.example:6380/?ssl_cert_reqs=required", ("rediss://:secret@cache.example:6380", False)),
        ("unix:///run/desk/redis.sock", ("/run/desk/redis.sock", True)),
    ],
)
def test_redis_place_knows_sockets_from_hosts(monkeypatch: Patch, url: str, place: tuple[str, bool]) -> None:
    monkeypatch.setenv(NAME, url)

    assert env.redis_place(NAME) == place


def test_redis_place_refuses_other_schemes(monkeypatch: Patch) -> None:
    monkeypatch.setenv(NAME, "http://cache.example")

    with pytest.raises(env.WrongSetting, match=f"^{NAME} must begin with redis://, rediss:// or unix://$"):
        env.redis_place(NAME)
