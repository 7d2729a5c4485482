# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Thousands of messages that must not be believed, and those that must although they are written otherwise."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.memory import Memory
from analytic.delivery.signing import Signer, encoded, signed_bytes
from analytic.delivery.verifying import Forged, NotVerified, Replayed, Verifier, VerifierFile, read_key
from analytic.events.types import Event, Message
from analytic.ids import Uuid7

Fire = Callable[..., Event]
MANY = 1000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="module")
def signer(key: Ed25519PrivateKey) -> Signer:
    return Signer(key)


@pytest.fixture
def verifier(signer: Signer) -> Verifier:
    return Verifier(signer.public_key)


@pytest.fixture
def messages(signer: Signer, fire: Fire, new_id: Uuid7) -> list[Message]:
    """Messages 1 to 30 as this device tells them: events in all phases, gaps, deletions."""
    memory = Memory()
    dispatcher = Dispatcher(Memory(), new_id, signer, sinks=[memory])
    while len(memory.messages()) < 30:
        dispatcher.publish([fire("küche", phase="start", offset_s=None), fire("hall", onset="2026-01-02T03:04:05Z")])
        dispatcher.publish([fire(phase="update", peak_dbfs=None, severity="critical")])
        dispatcher.retract("0190a5c0-0000-7000-8000-000000000001")
        dispatcher.skip(len(memory.messages()) + 1)
    return memory.messages()


def believed(verifier: Verifier, message: Any) -> bool:
    try:
        verifier.verify(message)
    except NotVerified:
        return False
    return True


def forge(key: Ed25519PrivateKey, message: Message) -> Message:
    """The message, signed with a key, under whatever device it names."""
    return {**message, "signature": encoded(key.sign(signed_bytes(message)))}


class TestWhatIsBelieved:
    def test_all_that_this_device_tells_in_its_order(self, verifier: Verifier, messages: list[Message]) -> None:
        assert [verifier.verify(message) for message in messages] == [0] * 30
        assert verifier.last_seq == 30

    def test_it_may_come_as_text_written_in_any_way(self, signer: Signer, messages: list[Message]) -> None:
        for write in (
            json.dumps,
            lambda message: json.dumps(message, ensure_ascii=False, separators=(",", ":")),
            lambda message: json.dumps(message, sort_keys=True, indent=4),
            lambda message: json.dumps(dict(reversed(message.items()))).replace("\\u00fc", "\\u00FC"),
        ):
            verifier = Verifier(signer.public_key)
            assert all(believed(verifier, json.loads(write(message))) for message in messages)

    @pytest.mark.parametrize(
        ("field", "written"),
        [
            ("score", "0.450"),
            ("score", "4.5e-1"),
            ("score", "45E-2"),
            ("score", "0.45000000000000001"),
            ("peak_dbfs", "-12"),
            ("peak_dbfs", "-1.2e1"),
            ("onset_s", "1"),
            ("onset_s", "1.00"),
            ("onset_s", "10e-1"),
            ("offset_s", "1E+1"),
            ("seq", "2.0"),
            ("seq", "2e0"),
            ("seq", "0.2e1"),
        ],
    )
    def test_a_number_may_be_written_otherwise(
        self, verifier: Verifier, messages: list[Message], field: str, written: str
    ) -> None:
        text = json.dumps({**messages[1], field: "HERE"}).replace('"HERE"', written)
        assert json.loads(text)[field] == messages[1][field]
        assert verifier.verify(json.loads(text)) == 1
        assert verifier.last_seq == 2
        assert isinstance(verifier.last_seq, int)

    def test_what_left_without_being_kept_is_signed_too(self, signer: Signer, messages: list[Message]) -> None:
        message = signer.sign({**messages[0], "durable": False})
        assert Verifier(signer.public_key).verify(message) == 0
        assert not believed(Verifier(signer.public_key), {**message, "durable": True})


class TestMutated:
    def test_no_changed_field_is_believed(self, signer: Signer, messages: list[Message]) -> None:
        others: tuple[Any, ...] = (
            None,
            True,
            False,
            0,
            1,
            -1,
            7,
            0.5,
            "",
            "x",
            "critical",
            "gap",
            "deleted",
            "end",
            [],
            {},
            [1],
            {"a": 1},
        )
        tried = 0
        for message in messages[:5]:
            for path in paths(message):
                for value in (*others, near(found_at(message, path))):
                    if same(value, found_at(message, path)):
                        continue
                    tried += 1
                    assert not believed(Verifier(signer.public_key), changed(message, path, value)), (path, value)
        assert tried >= MANY

    def test_no_flipped_bit_of_its_text_is_believed(self, signer: Signer, messages: list[Message]) -> None:
        tried = meant_the_same = 0
        for message in messages[:5]:
            text = json.dumps(message, ensure_ascii=False).encode()
            for at, bit in itertools.product(range(len(text)), range(8)):
                flipped = bytearray(text)
                flipped[at] ^= 1 << bit
                try:
                    found = json.loads(flipped.decode())
                except (ValueError, RecursionError):
                    continue
                if same(found, message):
                    meant_the_same += 1
                    continue
                tried += 1
                assert not believed(Verifier(signer.public_key), found), bytes(flipped)
        assert tried >= MANY
        assert meant_the_same < tried / 100

    def test_no_added_field_is_believed(self, signer: Signer, messages: list[Message]) -> None:
        for message, number in itertools.product(messages, range(40)):
            more = {**message, f"more{number}": [None, 1, "x", {}][number % 4]}
            assert not believed(Verifier(signer.public_key), more)

    def test_no_field_may_be_missing(self, signer: Signer, messages: list[Message]) -> None:
        for message in messages:
            for path in paths(message):
                assert not believed(Verifier(signer.public_key), changed(message, path, ...)), path

    def test_a_field_moved_to_another_name_is_not_believed(self, signer: Signer, messages: list[Message]) -> None:
        for message in messages:
            for one, other in itertools.combinations(message, 2):
                if not same(message[one], message[other]):
                    swapped = {**message, one: message[other], other: message[one]}
                    assert not believed(Verifier(signer.public_key), swapped), (one, other)

    def test_no_signature_written_otherwise_is_believed(self, signer: Signer, messages: list[Message]) -> None:
        for message in messages:
            signature = message["signature"]
            others = [f"{signature[:-1]}{letter}" for letter in ALPHABET if letter != signature[-1]]
            others += [f"{signature}==", f"{signature}\n", f" {signature}", signature[:-1], f"{signature}A", ""]
            others += [signature.replace("-", "+").replace("_", "/")] if {"-", "_"} & set(signature) else []
            for other in others:
                assert not believed(Verifier(signer.public_key), {**message, "signature": other}), other

    @pytest.mark.parametrize(
        "nothing", [None, 1, "text", [], [1], True, {}, {"signature": None}, {"signature": 1}, {"signature": "A" * 86}]
    )
    def test_what_is_no_message_is_not_believed(self, verifier: Verifier, nothing: object) -> None:
        with pytest.raises(Forged):
            verifier.verify(nothing)
        assert verifier.last_seq == 0

    @pytest.mark.parametrize("seq", [None, True, "1", 1.5, [1], float("nan"), float("inf"), 1 << 60])
    def test_a_number_that_is_none_is_not_believed_even_where_it_is_signed(
        self, key: Ed25519PrivateKey, verifier: Verifier, messages: list[Message], seq: object
    ) -> None:
        signature = messages[0]["signature"]
        with contextlib.suppress(ValueError):  # what canonical JSON cannot say
            signature = forge(key, {**messages[0], "seq": seq})["signature"]
        with pytest.raises(Forged):
            verifier.verify({**messages[0], "seq": seq, "signature": signature})

    def test_a_tower_of_brackets_is_refused_and_ends_nothing(self, verifier: Verifier, messages: list[Message]) -> None:
        tower: list[Any] = []
        for _ in range(100_000):
            tower = [tower]
        with pytest.raises(Forged):
            verifier.verify({**messages[0], "more": tower})
        while tower:  # taken down by hand: Python would do so by recursion
            tower = tower.pop()
        assert believed(verifier, messages[0])


class TestForged:
    def test_no_other_key_is_believed_under_this_devices_name(self, signer: Signer, messages: list[Message]) -> None:
        for number in range(MANY):
            other, message = Ed25519PrivateKey.generate(), messages[number % len(messages)]
            forged = forge(other, message)
            assert forged["device"] == signer.device
            with pytest.raises(Forged, match="the signature does not fit"):
                Verifier(signer.public_key).verify(forged)

    def test_no_other_device_is_believed_under_its_own_name(self, verifier: Verifier, messages: list[Message]) -> None:
        other = Signer.ephemeral()
        for message in messages:
            with pytest.raises(Forged, match="from another device"):
                verifier.verify(other.sign({**message, "device": other.device}))

    def test_no_signature_of_another_message_is_believed(self, signer: Signer, messages: list[Message]) -> None:
        pairs = list(itertools.permutations(messages, 2))
        assert len(pairs) >= 800
        for one, other in pairs:
            with pytest.raises(Forged):
                Verifier(signer.public_key).verify({**one, "signature": other["signature"]})

    def test_no_random_signature_is_believed(self, signer: Signer, messages: list[Message]) -> None:
        dice = random.Random(7)
        for number in range(MANY):
            message = {**messages[number % len(messages)], "signature": encoded(dice.randbytes(64))}
            with pytest.raises(Forged):
                Verifier(signer.public_key).verify(message)

    def test_a_signature_that_adds_the_groups_order_is_not_believed(
        self, signer: Signer, messages: list[Message]
    ) -> None:
        order = 2**252 + 27742317777372353535851937790883648493  # RFC 8032, 5.1: S must be below it
        for message in messages:
            raw = base64.urlsafe_b64decode(message["signature"] + "==")
            larger = int.from_bytes(raw[32:], "little") + order
            twin = encoded(raw[:32] + larger.to_bytes(32, "little"))
            assert not believed(Verifier(signer.public_key), {**message, "signature": twin})


class TestReplayed:
    def test_no_message_is_believed_twice_nor_after_a_newer_one(
        self, signer: Signer, verifier: Verifier, messages: list[Message]
    ) -> None:
        dice, tried = random.Random(7), 0
        for number, message in enumerate(messages):
            verifier.verify(message)
            for old in dice.choices(messages[: number + 1], k=40):
                tried += 1
                with pytest.raises(Replayed, match=rf"number {old['seq']} comes after {number + 1}"):
                    verifier.verify(old)
        assert tried >= MANY
        assert verifier.last_seq == 30

    def test_an_older_one_of_the_same_number_is_none_either(
        self, key: Ed25519PrivateKey, verifier: Verifier, messages: list[Message]
    ) -> None:
        verifier.verify(messages[0])
        with pytest.raises(Replayed):
            verifier.verify(forge(key, {**messages[0], "durable": False}))

    def test_what_is_refused_moves_nothing_on(self, verifier: Verifier, messages: list[Message]) -> None:
        verifier.verify(messages[0])
        for bad in ({**messages[9], "score": 1}, messages[0], None):
            assert not believed(verifier, bad)
        assert verifier.last_seq == 1
        assert verifier.verify(messages[1]) == 0

    def test_a_checked_message_is_not_remembered(self, verifier: Verifier, messages: list[Message]) -> None:
        assert [verifier.check(messages[4]), verifier.check(messages[4])] == [5, 5]
        assert verifier.last_seq == 0

    def test_it_goes_on_from_the_number_it_is_given(self, signer: Signer, messages: list[Message]) -> None:
        verifier = Verifier(signer.public_key, last_seq=10)
        assert not believed(verifier, messages[9])
        assert believed(verifier, messages[10])


class TestMissing:
    def test_numbers_that_were_left_out_are_counted(self, verifier: Verifier, messages: list[Message]) -> None:
        assert [verifier.verify(messages[number - 1]) for number in (1, 2, 6, 7, 30)] == [0, 0, 3, 0, 22]

    def test_a_gap_says_which_there_will_never_be(self, signer: Signer, messages: list[Message]) -> None:
        def missing(last_seq: int, first_seq: int, seq: int) -> int:
            gap = {**messages[4], "first_seq": first_seq, "seq": seq, "phase": "gap"}
            return Verifier(signer.public_key, last_seq).verify(signer.sign(gap))

        assert missing(10, 11, 20) == 0
        assert missing(10, 13, 20) == 2
        assert missing(10, 1, 20) == 0
        assert missing(19, 1, 20) == 0


class TestKeys:
    def test_a_key_is_read_as_the_service_tells_it_and_as_pem(self, key: Ed25519PrivateKey, signer: Signer) -> None:
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        for text in (signer.public_key, f"{signer.public_key}=", f"  {signer.public_key}\n", pem, f"\n{pem}\n"):
            assert Verifier(text).device == signer.device

    @pytest.mark.parametrize(
        "text",
        ["", "x", "A" * 42, "A" * 44, "!" * 43, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "é"],
    )
    def test_what_is_no_key_is_refused_with_what_is_one(self, text: str) -> None:
        with pytest.raises(ValueError, match="expected 43 characters of base64url, or PEM"):
            read_key(text)

    def test_a_key_of_another_kind_is_refused(self) -> None:
        other = ec.generate_private_key(ec.SECP256R1()).public_key()
        with pytest.raises(ValueError, match="another kind"):
            read_key(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


class TestTheStateFile:
    def test_it_keeps_the_last_number_of_each_device(self, tmp_path: Path) -> None:
        path = tmp_path / "seen.json"
        VerifierFile(path).keep("a" * 32, 7)
        VerifierFile(path).keep("b" * 32, 9)
        VerifierFile(path).keep("a" * 32, 8)
        kept = VerifierFile(path)
        assert (kept.last_seq("a" * 32), kept.last_seq("b" * 32), kept.last_seq("c" * 32)) == (8, 9, 0)
        assert [one.name for one in tmp_path.iterdir()] == ["seen.json"]

    def test_there_need_be_none(self, tmp_path: Path) -> None:
        assert VerifierFile(tmp_path / "none").last_seq("a" * 32) == 0

    @pytest.mark.parametrize("content", [b"", b"[]", b"7", b'{"a": "7"}', b'{"a": null}', b"{", b"\xff\xfe"])
    def test_a_file_that_holds_something_else_is_refused_by_its_name_and_left(
        self, tmp_path: Path, content: bytes
    ) -> None:
        path = tmp_path / "seen.json"
        path.write_bytes(content)
        for ask in (lambda: VerifierFile(path).last_seq("a"), lambda: VerifierFile(path).keep("a", 1)):
            with pytest.raises(ValueError, match="not a file of last numbers"):
                ask()
        assert path.read_bytes() == content


def paths(value: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the fields of a message are, those within others too."""
    for name, found in value.items():
        yield (*before, name)
        if isinstance(found, dict):
            yield from paths(found, (*before, name))


def found_at(message: Message, path: tuple[str, ...]) -> Any:
    found: Any = message
    for name in path:
        found = found[name]
    return found


def changed(message: Message, path: tuple[str, ...], value: Any) -> Message:
    """The message with another value in one place; an ellipsis takes the field away."""
    name, *rest = path
    if rest:
        return {**message, name: changed(message[name], tuple(rest), value)}
    return {key: value if key == name else found for key, found in message.items() if key != name or value is not ...}


def near(value: Any) -> Any:
    """Something that is almost the same."""
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        return not value
    return value + 0.01 if isinstance(value, float) else value + 1


def same(one: Any, other: Any) -> bool:
    """Tell whether two values of JSON mean the same; for Python, 1 would be True."""
    return json.dumps(plain(one), sort_keys=True) == json.dumps(plain(other), sort_keys=True)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(found) for name, found in value.items()}
    if isinstance(value, list):
        return [plain(found) for found in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
