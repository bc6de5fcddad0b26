"""Where the root key comes from, and which files are refused."""

import base64
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from helpdesk.crypto.errors import DecryptionError, KeyMissing, UnsafeKeyFile
from helpdesk.crypto.providers import EnvironmentProvider, KeyFileProvider, make_root_key, provider

KEY = bytes(range(32))
KEY_ID = "573c45cf"


def write_key(path: Path, content: bytes, *, mode: int = 0o400) -> KeyFileProvider:
    path.write_bytes(content)
    path.chmod(mode)
    return KeyFileProvider(path)


@pytest.mark.parametrize(
    "content", [KEY.hex().encode(), KEY.hex().upper().encode() + b"\n", base64.b64encode(KEY) + b"\n"]
)
def test_a_key_file_is_hex_or_base64(tmp_path: Path, content: bytes) -> None:
    assert write_key(tmp_path / "root.key", content).root_key_id() == KEY_ID


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_key_file_of_its_owner_alone_is_taken(tmp_path: Path, mode: int) -> None:
    assert write_key(tmp_path / "root.key", KEY.hex().encode(), mode=mode).root_key_id() == KEY_ID


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o620, 0o602, 0o410, 0o644, 0o777])
def test_a_key_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    source = write_key(tmp_path / "root.key", KEY.hex().encode(), mode=mode)

    with pytest.raises(UnsafeKeyFile, match=f"mode {mode:04o}"):
        source.root_key_id()


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 64, b"g" * 64, b"!", KEY[:31].hex().encode(), base64.b64encode(KEY[:16])]
)
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: bytes) -> None:
    source = write_key(tmp_path / "root.key", content)

    with pytest.raises(UnsafeKeyFile, match="does not hold a root key") as caught:
        source.root_key_id()

    assert KEY[:31].hex() not in str(caught.value)


def test_a_missing_file_is_a_missing_key(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match=r"root\.key: No such file"):
        KeyFileProvider(tmp_path / "root.key").root_key_id()


def test_make_root_key_makes_a_safe_file_once(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "root.key"

    KeyFileProvider(path).make()

    first = path.read_bytes()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o400, 0o700)
    assert len(KeyFileProvider(path).root_key_id()) == 8
    with pytest.raises(FileExistsError):
        make_root_key(path)
    assert path.read_bytes() == first


def test_each_made_key_is_another(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_root_key(tmp_path / name)

    assert KeyFileProvider(tmp_path / "one").root_key_id() != KeyFileProvider(tmp_path / "two").root_key_id()


def test_wrap_binds_to_key_and_context(tmp_path: Path) -> None:
    source = write_key(tmp_path / "one", KEY.hex().encode())
    other = write_key(tmp_path / "two", bytes(32).hex().encode())
    wrapped = source.wrap(b"secret", context=b"here")

    assert source.unwrap(wrapped, context=b"here") == b"secret"
    with pytest.raises(DecryptionError):
        source.unwrap(wrapped, context=b"there")
    with pytest.raises(DecryptionError):
        other.unwrap(wrapped, context=b"here")


def test_the_environment_holds_a_key_or_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    source = EnvironmentProvider()
    monkeypatch.setenv("POSTERN_ROOT_KEY", KEY.hex())
    assert source.root_key_id() == KEY_ID

    monkeypatch.delenv("POSTERN_ROOT_KEY")
    with pytest.raises(KeyMissing, match="POSTERN_ROOT_KEY is not set"):
        source.root_key_id()
    with pytest.raises(KeyMissing, match="openssl rand"):
        source.make()


def test_the_settings_name_the_provider(settings: Settings, tmp_path: Path) -> None:
    settings.ROOT_KEY_FILE = tmp_path / "root.key"

    settings.KEY_PROVIDER = "file"
    assert isinstance(provider(), KeyFileProvider)
    assert provider().place == str(tmp_path / "root.key")
    settings.KEY_PROVIDER = "environment"
    assert isinstance(provider(), EnvironmentProvider)
    settings.KEY_PROVIDER = "cloud"
    with pytest.raises(ImproperlyConfigured, match="file or environment"):
        provider()
