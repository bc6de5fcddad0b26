"""Certificates for loopback servers: an authority of our own, and leaves that are good, expired or for another host."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from helpdesk.demo.dovecot import TlsFiles

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certs:
    """PEM files: our authority, one nobody trusts, and three leaves; `good` is for localhost and 127.0.0.1."""

    ca: Path
    other_ca: Path
    good: TlsFiles
    expired: TlsFiles
    wrong_host: TlsFiles


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_certs(folder: Path) -> Certs:
    """Write all files into `folder`."""
    authority, other = _make_authority("Test CA"), _make_authority("Another CA")
    today, local = datetime.now(UTC), ("localhost", "127.0.0.1")
    return Certs(
        ca=_write(folder / "ca.pem", authority.certificate),
        other_ca=_write(folder / "other-ca.pem", other.certificate),
        good=_make_leaf(authority, folder / "good", names=local, until=today + 30 * _DAY),
        expired=_make_leaf(authority, folder / "expired", names=local, until=today - _DAY),
        wrong_host=_make_leaf(authority, folder / "wrong", names=("mail.example.org",), until=today + 30 * _DAY),
    )


def _make_authority(name: str) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(subject, subject, key, datetime.now(UTC) + 365 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Authority(certificate, key)


def _make_leaf(authority: _Authority, path: Path, *, names: tuple[str, ...], until: datetime) -> TlsFiles:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(names[0]), authority.certificate.subject, key, until)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    files = TlsFiles(_write(path.with_suffix(".pem"), certificate), path.with_suffix(".key"))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 400 * _DAY)
        .not_valid_after(until)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, certificate: x509.Certificate) -> Path:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path
