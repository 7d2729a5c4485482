# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from analytic.delivery.signing import BadKey, Signer, device_of, encoded, signed_bytes

# RFC 8032, 7.1, tests 1 to 3: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "delivery" / "device.key"


@pytest.fixture
def open_mask() -> Iterator[None]:
    """A umask that hides nothing, as some services have it."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def unnamed() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


class TestTheKeysFile:
    @pytest.mark.usefixtures("open_mask")
    def test_it_is_for_its_owner_alone_in_a_folder_for_its_owner_alone(self, path: Path) -> None:
        Signer.at(path)
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)
        assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")

    def test_nothing_else_is_left_in_the_folder(self, path: Path) -> None:
        Signer.at(path)
        assert [one.name for one in path.parent.iterdir()] == ["device.key"]

    def test_the_next_start_has_the_same_key(self, path: Path) -> None:
        first = Signer.at(path)
        content = path.read_bytes()
        again = Signer.at(path)
        assert (again.device, again.public_key) == (first.device, first.public_key)
        assert path.read_bytes() == content

    def test_whoever_comes_second_takes_the_key_of_the_first(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        link = os.link

        def slow(source: Path, target: Path) -> None:
            target.write_bytes(pem(unnamed()))  # another process was quicker
            target.chmod(0o600)
            link(source, target)

        monkeypatch.setattr(os, "link", slow)
        assert Signer.at(path).device == Signer.at(path).device
        assert [one.name for one in path.parent.iterdir()] == ["device.key"]

    @pytest.mark.parametrize("step", ["write", "fsync", "link"])
    def test_where_it_cannot_be_written_whole_there_is_none(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        def full(*_arguments: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, step, full)
            with pytest.raises(OSError, match="No space left"):
                Signer.at(path)
        assert not path.exists()
        assert Signer.at(path).device == Signer.at(path).device

    @pytest.mark.parametrize("others", [0o640, 0o604, 0o660, 0o644, 0o620, 0o610, 0o601, 0o777])
    def test_one_that_others_may_touch_is_refused_and_left_as_it_is(self, path: Path, others: int) -> None:
        Signer.at(path)
        content = path.read_bytes()
        path.chmod(others)
        with pytest.raises(BadKey, match="others may read"):
            Signer.at(path)
        assert (path.read_bytes(), mode(path)) == (content, others)

    def test_a_file_that_holds_something_else_is_refused_and_left_as_it_is(self, path: Path) -> None:
        key = unnamed()
        for content in (
            b"",
            b"\x00" * 64,
            b"hello",
            pem(key)[:-40],
            pem(key).replace(b"PRIVATE", b"PUBLIC"),
            key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
            ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        ):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o600)
            with pytest.raises(BadKey, match="delete it for a new one"):
                Signer.at(path)
            assert path.read_bytes() == content

    def test_a_refusal_does_not_repeat_what_the_file_holds(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
        path.chmod(0o600)
        with pytest.raises(BadKey) as refused:
            Signer.at(path)
        assert "c2VjcmV0" not in str(refused.value)

    def test_a_link_to_nowhere_is_no_place_for_a_key(self, path: Path) -> None:
        path.parent.mkdir()
        path.symlink_to(path.parent / "elsewhere")
        with pytest.raises(OSError, match="No such file"):
            Signer.at(path)
        assert not (path.parent / "elsewhere").exists()

    def test_a_folder_in_its_place_is_an_oserror(self, path: Path) -> None:
        path.mkdir(parents=True, mode=0o700)
        with pytest.raises(OSError, match=str(path)):
            Signer.at(path)


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class TestSigner:
    @pytest.mark.parametrize(("secret", "public", "content", "signature"), RFC_8032)
    def test_it_signs_as_rfc_8032_does(self, secret: str, public: str, content: str, signature: str) -> None:
        signer = Signer(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)))
        assert signer.public_key == encoded(bytes.fromhex(public))
        assert signer.sign_bytes(bytes.fromhex(content)) == encoded(bytes.fromhex(signature))

    def test_a_device_is_named_after_its_key(self) -> None:
        key = unnamed()
        signer = Signer(key)
        raw = base64.urlsafe_b64decode(signer.public_key + "=")
        assert len(raw) == 32
        assert signer.device == hashlib.sha256(raw).hexdigest()[:32] == device_of(key.public_key())

    def test_each_ephemeral_one_is_another(self) -> None:
        assert Signer.ephemeral().device != Signer.ephemeral().device

    def test_signing_changes_nothing_but_the_signature(self) -> None:
        message = {"seq": 1, "signature": None, "label": "Fire"}
        signed = Signer.ephemeral().sign(message)
        assert message["signature"] is None
        assert {**signed, "signature": None} == message
        assert list(signed) == list(message)
        assert len(signed["signature"]) == 86

    def test_a_signature_there_already_does_not_count(self) -> None:
        signer = Signer.ephemeral()
        once = signer.sign({"seq": 1, "signature": None})
        assert signer.sign(once) == once
        assert signer.sign({"seq": 1}) == once

    def test_signed_anew_it_is_this_devices_whosever_it_was(self) -> None:
        first, second = Signer.ephemeral(), Signer.ephemeral()
        old = first.sign({"seq": 1, "device": first.device, "signature": None})
        new = second.sign_anew(old)
        assert {**new, "signature": None} == {**old, "signature": None, "device": second.device}
        assert second.sign(new) == new
        assert first.sign_anew(old) == old
        assert old["device"] == first.device

    def test_what_json_cannot_say_is_not_signed(self) -> None:
        signer = Signer.ephemeral()
        for value in (float("nan"), float("inf"), 1 << 53, "\ud800", {"\ud800": 1}, b"bytes", {1, 2}):
            with pytest.raises(ValueError, match=r"\w"):
                signer.sign({"seq": 1, "value": value})


class TestCanonicalJson:
    # RFC 8785, 3.2.2 and 3.2.3, and some numbers of its appendix B.
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0.0, "0"),
            (-0.0, "0"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (9007199254740991, "9007199254740991"),
            (333333333.33333329, "333333333.3333333"),
            (1e30, "1e+30"),
            (4.50, "4.5"),
            (2e-3, "0.002"),
            (0.000000000000000000000000001, "1e-27"),
            (999999999999999700000.0, "999999999999999700000"),
            (1e21, "1e+21"),
            (1.0, "1"),
            ('€$\x0f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
            ([None, True, False], "[null,true,false]"),
            (
                {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\x80": 6, "ö": 7},
                '{"\\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
            ),
        ],
    )
    def test_the_vectors_of_rfc_8785(self, value: object, text: str) -> None:
        assert rfc8785.dumps(value).decode() == text  # type: ignore[arg-type]

    def test_all_but_the_signature_is_signed(self) -> None:
        assert (
            signed_bytes({"seq": 7, "device": "d", "signature": "s", "a": [1.0]}) == b'{"a":[1],"device":"d","seq":7}'
        )
