"""The typed readers of the environment: what they return, and how they refuse."""

import re
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu import Connection
from redis import Redis

from helpdesk.settings import env
from helpdesk.settings.env import RedisPlace

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


HEALTH = {"health_check_interval": "30"}
REQUIRED = {"ssl_cert_reqs": "required"}


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://cache.example:6379", RedisPlace("redis://cache.example:6379")),
        ("redis://cache.example/?health_check_interval=30", RedisPlace("redis://cache.example", options=HEALTH)),
        ("rediss://:secret@cache.example:6380", RedisPlace("rediss://:secret@cache.example:6380", options=REQUIRED)),
        (
            "rediss://cache.example/?ssl_ca_certs=/run/ca.pem",
            RedisPlace("rediss://cache.example", options={**REQUIRED, "ssl_ca_certs": "/run/ca.pem"}),
        ),
        (
            "rediss://cache.example?ssl_cert_reqs=none",
            RedisPlace("rediss://cache.example", options={"ssl_cert_reqs": "none"}),
        ),
        ("unix:///run/desk/redis.sock", RedisPlace("/run/desk/redis.sock", is_socket=True)),
    ],
)
def test_redis_place_keeps_what_it_is_told(monkeypatch: Patch, url: str, place: RedisPlace) -> None:
    monkeypatch.setenv(NAME, url)

    assert env.redis_place(NAME) == place


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://cache.example", "must begin with redis://, rediss:// or unix://"),
        ("redis://cache.example/3", "must name no database: Postern uses 0, 1 and 2"),
        ("unix:///run/redis.sock?db=3", "takes nothing but a path after unix://"),
        ("unix://:secret@/run/redis.sock", "takes nothing but a path after unix://"),
    ],
)
def test_redis_place_refuses_what_it_could_not_keep(monkeypatch: Patch, url: str, words: str) -> None:
    monkeypatch.setenv(NAME, url)

    with pytest.raises(env.WrongSetting, match=f"^{NAME} {re.escape(words)}$"):
        env.redis_place(NAME)


def test_a_database_of_redis_keeps_the_options() -> None:
    place = RedisPlace("rediss://cache.example", options={**REQUIRED, "ssl_ca_certs": "/run/ca.pem"})

    address = place.database(2, broker=True)

    assert address == "rediss://cache.example/2?ssl_cert_reqs=required&ssl_ca_certs=%2Frun%2Fca.pem"
    assert Redis.from_url(address).connection_pool.connection_kwargs["ssl_ca_certs"] == "/run/ca.pem"
    assert Connection(address).info()["ssl"] == {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": "/run/ca.pem"}
    assert Connection("rediss://cache.example/2").info()["ssl"] == {"ssl_cert_reqs": ssl.CERT_NONE}


def test_a_database_of_a_socket_is_named_as_its_reader_wants_it() -> None:
    place = RedisPlace("/run/redis.sock", is_socket=True)

    assert (place.database(1), place.database(2, broker=True)) == (
        "unix:///run/redis.sock?db=1",
        "redis+socket:///run/redis.sock?virtual_host=2",
    )


@pytest.mark.parametrize("url", ["", "https://login.example.org/token", "http://127.0.0.1:9/t", "http://localhost/t"])
def test_a_web_address_is_safe_or_of_this_machine(monkeypatch: Patch, url: str) -> None:
    monkeypatch.setenv("X", url)

    assert env.web_address("X") == url


@pytest.mark.parametrize("url", ["http://login.example.org/", "ftp://localhost/", "https://", "login.example.org"])
def test_another_web_address_is_refused(monkeypatch: Patch, url: str) -> None:
    monkeypatch.setenv("X", url)

    with pytest.raises(env.WrongSetting, match="X must begin with https://"):
        env.web_address("X")


def test_a_choice_is_one_of_its_words(monkeypatch: Patch) -> None:
    assert env.choice("X", "off", "lmtp") == "off"
    monkeypatch.setenv("X", " LMTP ")
    assert env.choice("X", "off", "lmtp") == "lmtp"
    monkeypatch.setenv("X", "pop3")
    with pytest.raises(env.WrongSetting, match="X must be one of off, lmtp, not 'pop3'"):
        env.choice("X", "off", "lmtp")


def test_networks_are_read_and_wrong_ones_named(monkeypatch: Patch) -> None:
    assert [str(each) for each in env.networks("X", "127.0.0.0/8, ::1")] == ["127.0.0.0/8", "::1/128"]
    monkeypatch.setenv("X", "10.0.0.1/8")
    with pytest.raises(env.WrongSetting, match="X must name networks"):
        env.networks("X", "")
