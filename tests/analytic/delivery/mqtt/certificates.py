# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""An authority of one's own, and certificates that it signed; a password file as Mosquitto reads it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

_NOW = dt.datetime.now(dt.UTC)
_ITERATIONS = 101


class Authority:
    """Signs certificates; its own lies in `file`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder, self._name = folder, _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = _begun(self._name, self._name, self._key).add_extension(x509.BasicConstraints(True, None), True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def sign(self, name: str, address: str = "127.0.0.1", password: str | None = None) -> tuple[Path, Path]:
        """Return the files of a new certificate for an address and of its key, which may be encrypted."""
        key = ec.generate_private_key(ec.SECP256R1())
        places = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = _begun(_named(name), self._name, key).add_extension(places, False).sign(self._key, hashes.SHA256())
        files = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        files[0].write_bytes(made.public_bytes(Encoding.PEM))
        how: KeySerializationEncryption = (
            NoEncryption() if password is None else BestAvailableEncryption(password.encode())
        )
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
        return files


def password_file(folder: Path, name: str, password: str) -> Path:
    """Return a file with one name and its password."""
    salt = b"pepper, salt"
    hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, 64)
    encoded = [base64.b64encode(one).decode() for one in (salt, hashed)]
    file = folder / "passwords"
    file.write_text(f"{name}:$7${_ITERATIONS}${'$'.join(encoded)}\n", "utf-8")
    return file


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - dt.timedelta(days=1))
        .not_valid_after(_NOW + dt.timedelta(days=1))
    )
