"""Typed readers of the environment: the only place that reads it. `X_FILE` names a file that holds X."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

ROOT: Final = Path(__file__).resolve().parent.parent.parent
"""The folder of the checkout."""

_TRUE: Final = {"1", "true", "yes", "on"}
_FALSE: Final = {"0", "false", "no", "off", ""}


class WrongSetting(Exception):
    """A setting that cannot be used; the text says which one and what it must look like."""


def text(name: str, default: str | None = None) -> str:
    """Return X, or the content of the file named by X_FILE. Without a default, a missing one raises WrongSetting."""
    value = os.environ.get(name)
    if value is not None:
        return value
    path = os.environ.get(f"{name}_FILE")
    if path is not None:
        return _from_file(name, path)
    if default is None:
        raise WrongSetting(f"{name} is not set: give it in the environment as {name} or {name}_FILE")
    return default


def _from_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WrongSetting(f"{name}_FILE cannot be read: {error.strerror}") from error


def integer(name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
    """Return X as a whole number between `low` and `high`, both allowed."""
    raw = text(name, str(default))
    try:
        value = int(raw)
    except ValueError as error:
        raise WrongSetting(f"{name} must be a whole number, not {raw!r}") from error
    if not low <= value <= high:
        raise WrongSetting(f"{name} must lie between {low} and {high}, not {value}")
    return value


def boolean(name: str, *, default: bool) -> bool:
    """Return X as yes or no: 1/true/yes/on or 0/false/no/off."""
    raw = text(name, "yes" if default else "no").strip().lower()
    if raw in _TRUE:
        return True
    if raw in _FALSE:
        return False
    raise WrongSetting(f"{name} must be yes or no, not {raw!r}")


def words(name: str, default: str = "") -> list[str]:
    """Return X split at commas, blanks around the words dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def folder(name: str, default: Path) -> Path:
    """Return X as an absolute path."""
    return Path(text(name, str(default))).expanduser().absolute()


def database(name: str, default: str = "") -> dict[str, Any]:  # Any: Django's own shape
    """Return Django's settings for `postgresql://user:password@host:port/name?host=/socket/folder`, {} when empty."""
    url = text(name, default)
    if not url:
        return {}
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise WrongSetting(f"{name} must begin with postgresql://: Postern runs on PostgreSQL only")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or parts.hostname or ""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(query),
    }


def choice(name: str, default: str, *others: str) -> str:
    """Return X, which is `default` or one of `others`."""
    value = text(name, default).strip().lower()
    if value not in {default, *others}:
        raise WrongSetting(f"{name} must be one of {', '.join([default, *others])}, not {value!r}")
    return value


def networks(name: str, default: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return X as networks, with commas between; a plain address is a network of one."""
    try:
        return [ipaddress.ip_network(word) for word in words(name, default)]
    except ValueError as error:
        raise WrongSetting(f"{name} must name networks as 192.0.2.0/24: {error}") from error


def web_address(name: str, default: str = "") -> str:
    """Return X as an address of HTTPS, or of HTTP on this very machine; "" when it is empty."""
    url = text(name, default)
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if url and not (parts.hostname and (parts.scheme == "https" or is_local)):
        raise WrongSetting(f"{name} must begin with https:// and name a host")
    return url


@dataclass(frozen=True, slots=True)
class RedisPlace:
    """Where Redis listens: a server's address, or the path of a Unix socket. `options` are those of the connection."""

    address: str
    is_socket: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    def database(self, number: int, *, broker: bool = False) -> str:
        """Return the address of one of the numbered databases, in the form that the cache or the broker reads."""
        if not self.is_socket:
            return f"{self.address}/{number}" + (f"?{urlencode(self.options)}" if self.options else "")
        if broker:
            return f"redis+socket://{self.address}?virtual_host={number}"
        return f"unix://{self.address}?db={number}"


def redis_place(name: str, default: str = "") -> RedisPlace:
    """Return the place named by `redis://host:port`, `rediss://host:port?option=value` or `unix:///path`.

    Over TLS the server's certificate is checked unless an option says otherwise: the broker's library would not. A
    number of a database is refused, and options of a socket: they could not be kept.
    """
    parts = urlsplit(text(name, default))
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise WrongSetting(f"{name} must begin with redis://, rediss:// or unix://")
    if parts.scheme == "unix":
        if options or parts.netloc:
            raise WrongSetting(f"{name} takes nothing but a path after unix://")
        return RedisPlace(parts.path, is_socket=True)
    if parts.path.strip("/"):
        raise WrongSetting(f"{name} must name no database: Postern uses 0, 1 and 2")
    if parts.scheme == "rediss":
        options = {"ssl_cert_reqs": "required", **options}
    return RedisPlace(f"{parts.scheme}://{parts.netloc}", options=options)
