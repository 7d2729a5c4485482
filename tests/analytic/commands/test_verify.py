# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken verify``: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from analytic.delivery.signing import Signer

Hearken = Callable[..., Result]
ROOT = Path(__file__).parents[3]
DONE, CANNOT_START, REFUSED, USAGE = 0, 1, 2, 2


@pytest.fixture
def signer() -> Signer:
    return Signer.ephemeral()


@pytest.fixture
def told(signer: Signer) -> list[str]:
    """Five lines: messages 1 to 5."""
    return [line(signer, seq) for seq in range(1, 6)]


@pytest.fixture
def check(hearken: Hearken, signer: Signer) -> Hearken:
    """Run it with this device's key, on lines of standard input or on files."""

    def run(lines: Sequence[str] | str | bytes = "", *words: str) -> Result:
        given = lines if isinstance(lines, str | bytes) else "".join(f"{one}\n" for one in lines)
        return hearken("verify", "--key", signer.public_key, *words, input=given)

    return run


def line(signer: Signer, seq: int, **fields: Any) -> str:
    message = {"seq": seq, "device": signer.device, "phase": "end", "label": "Türklopfen", "signature": None, **fields}
    return json.dumps(signer.sign(message), ensure_ascii=False)


class TestWhatHolds:
    def test_it_is_printed_as_it_came_and_the_command_ends_with_0(self, check: Hearken, told: list[str]) -> None:
        result = check(told)
        assert result.stdout.splitlines() == told
        assert (result.exit_code, result.stderr) == (DONE, "")

    def test_quietly_nothing_is_printed(self, check: Hearken, told: list[str]) -> None:
        result = check(told, "--quiet")
        assert (result.exit_code, result.stdout, result.stderr) == (DONE, "", "")

    def test_no_line_at_all_is_no_line_that_does_not_hold(self, check: Hearken) -> None:
        for nothing in ("", "\n", "\n  \n\t\n"):
            assert (check(nothing).exit_code, check(nothing).output) == (DONE, "")

    def test_missing_messages_are_told_and_are_no_refusal(self, check: Hearken, told: list[str]) -> None:
        result = check([told[0], told[4]])
        assert result.exit_code == DONE
        assert result.stderr == "line 2: 3 messages before it are missing\n"
        assert result.stdout.splitlines() == [told[0], told[4]]

    def test_a_last_line_without_an_end_counts(self, check: Hearken, told: list[str]) -> None:
        assert check("\n".join(told)).stdout.splitlines() == told


class TestWhatDoesNot:
    def test_the_others_are_checked_all_the_same_and_the_command_ends_with_2(
        self, check: Hearken, told: list[str]
    ) -> None:
        changed = told[1].replace("Türklopfen", "Türklingel")
        result = check([told[0], changed, told[2]])
        assert result.exit_code == REFUSED
        assert result.stdout.splitlines() == [told[0], told[2]]
        assert result.stderr.splitlines() == [
            "line 2: refused: the signature does not fit",
            "line 3: 1 messages before it are missing",
        ]

    def test_a_replay_is_refused(self, check: Hearken, told: list[str]) -> None:
        result = check([told[0], told[1], told[1], told[0]])
        assert result.exit_code == REFUSED
        assert result.stdout.splitlines() == told[:2]
        assert result.stderr.splitlines() == [
            "line 3: refused: number 2 comes after 2",
            "line 4: refused: number 1 comes after 2",
        ]

    def test_another_device_is_refused(self, check: Hearken) -> None:
        result = check([line(Signer.ephemeral(), 1)])
        assert (result.exit_code, result.stdout) == (REFUSED, "")
        assert result.stderr == "line 1: refused: from another device\n"

    @pytest.mark.parametrize("field", ["label", "seq", "signature", "device", "more"])
    def test_a_field_that_is_there_twice_is_refused_whichever_one_was_signed(
        self, check: Hearken, signer: Signer, field: str
    ) -> None:
        signed = line(signer, 1, more={"more": 1})
        first = signed.replace("{", f'{{"{field}": "other", ', 1)
        last = f'{signed[:-1]}, "{field}": {json.dumps(json.loads(signed)[field])}}}'
        for text in (first, last):
            result = check([text])
            assert (result.exit_code, result.stdout) == (REFUSED, "")
            assert result.stderr == f"line 1: refused: the field '{field}' is there twice\n"

    def test_so_is_one_within_another_field(self, check: Hearken, signer: Signer) -> None:
        signed = line(signer, 1, source={"id": "hall"})
        result = check([signed.replace('{"id": "hall"}', '{"id": "kitchen", "id": "hall"}')])
        assert (result.exit_code, result.stderr) == (REFUSED, "line 1: refused: the field 'id' is there twice\n")

    def test_the_name_of_such_a_field_adds_no_line(self, check: Hearken) -> None:
        result = check(['{"a\\n\\u001b[31mb": 1, "a\\n\\u001b[31mb": 2}'])
        assert result.stderr == "line 1: refused: the field 'a\\n\\x1b[31mb' is there twice\n"

    @pytest.mark.parametrize(
        "broken", ["{", "null", "[]", "7", '"text"', "nonsense", '{"seq": 1}', "[" * 100_000, "9" * 5000, '{"a": NaN}']
    )
    def test_a_line_that_is_no_message_is_refused_and_the_next_one_read(
        self, check: Hearken, told: list[str], broken: str
    ) -> None:
        result = check([broken, told[0]])
        assert result.exit_code == REFUSED
        assert result.stdout.splitlines() == told[:1]
        assert result.stderr.startswith("line 1: refused: ")
        assert len(result.stderr.splitlines()) == 1

    @pytest.mark.parametrize("bad", [b"\xff\xfe\x00", b"\xc3", b'"\xed\xa0\x80"'])
    def test_bytes_that_are_no_text_are_refused_and_the_next_line_read(
        self, check: Hearken, told: list[str], tmp_path: Path, bad: bytes
    ) -> None:
        content = b"".join([bad, b"\n", told[0].encode(), b"\n", told[1].encode().replace(b"k", b"\xff"), b"\n"])
        path = tmp_path / "messages"
        path.write_bytes(content)
        for result in (check(content), check("", str(path))):
            assert result.exit_code == REFUSED
            assert result.stdout.splitlines() == told[:1]
            assert [one.split(":")[0] for one in result.stderr.splitlines()] == ["line 1", "line 3"]


class TestState:
    def test_a_replay_is_refused_in_the_next_run_too(self, check: Hearken, told: list[str], tmp_path: Path) -> None:
        state = str(tmp_path / "seen.json")
        assert check(told[:3], "--state", state).exit_code == DONE
        again = check(told, "--state", state)
        assert again.exit_code == REFUSED
        assert again.stdout.splitlines() == told[3:]
        assert check(told, "--state", state).stdout == ""

    def test_it_holds_the_last_number_of_each_device(self, hearken: Hearken, signer: Signer, tmp_path: Path) -> None:
        state, other = tmp_path / "seen.json", Signer.ephemeral()
        for one, seq in ((signer, 4), (other, 9)):
            hearken("verify", "--key", one.public_key, "--state", str(state), input=line(one, seq))
        assert json.loads(state.read_text(encoding="utf-8")) == {signer.device: 4, other.device: 9}

    def test_what_is_refused_moves_it_not(
        self, check: Hearken, signer: Signer, told: list[str], tmp_path: Path
    ) -> None:
        state = tmp_path / "seen.json"
        check([told[2], told[4].replace("end", "start")], "--state", str(state))
        assert json.loads(state.read_text(encoding="utf-8")) == {signer.device: 3}

    def test_missing_ones_are_counted_from_the_run_before(
        self, check: Hearken, told: list[str], tmp_path: Path
    ) -> None:
        state = str(tmp_path / "seen.json")
        check(told[:1], "--state", state)
        assert check(told[3:], "--state", state).stderr == "line 1: 2 messages before it are missing\n"

    def test_without_it_each_run_begins_anew(self, check: Hearken, told: list[str]) -> None:
        assert [check(told).exit_code, check(told).exit_code] == [DONE, DONE]

    def test_a_file_that_is_none_is_refused_before_a_line_is_read(
        self, check: Hearken, told: list[str], tmp_path: Path
    ) -> None:
        state = tmp_path / "seen.json"
        state.write_text("[]", encoding="utf-8")
        result = check(told, "--state", str(state))
        assert (result.exit_code, result.stdout) == (REFUSED, "")
        assert "not a file of last numbers" in result.stderr

    def test_one_that_cannot_be_written_ends_the_command(self, check: Hearken, told: list[str], tmp_path: Path) -> None:
        result = check(told, "--state", str(tmp_path / "nowhere" / "seen.json"))
        assert result.exit_code == CANNOT_START
        assert "No such file or directory" in result.stderr


class TestFilesAndKey:
    def test_files_are_read_one_after_the_other_as_one(self, check: Hearken, told: list[str], tmp_path: Path) -> None:
        one, other = tmp_path / "1", tmp_path / "2"
        one.write_text("\n".join(told[:2]), encoding="utf-8")
        other.write_text("\n".join(told[1:]), encoding="utf-8")
        result = check("", str(one), str(other))
        assert result.exit_code == REFUSED
        assert result.stdout.splitlines() == told
        assert result.stderr == "line 3: refused: number 2 comes after 2\n"

    def test_a_file_that_is_not_there_ends_the_command(self, check: Hearken, tmp_path: Path) -> None:
        result = check("", str(tmp_path / "none"))
        assert result.exit_code == CANNOT_START
        assert result.stderr.startswith("hearken: ")

    def test_the_key_may_lie_in_a_file(self, hearken: Hearken, signer: Signer, told: list[str], tmp_path: Path) -> None:
        path = tmp_path / "device.pub"
        path.write_text(f"{signer.public_key}\n", encoding="utf-8")
        assert hearken("verify", "--key", str(path), input=told[0]).exit_code == DONE

    @pytest.mark.parametrize("key", ["", "nonsense", "A" * 43 + "A", "A" * 5000, "a\0b"])
    def test_what_is_no_key_is_refused_with_what_is_one(self, hearken: Hearken, key: str) -> None:
        result = hearken("verify", "--key", key, input="{}")
        assert (result.exit_code, result.stdout) == (REFUSED, "")
        assert result.stderr.startswith("hearken: no Ed25519 public key")

    def test_a_file_without_a_key_is_refused(self, hearken: Hearken, tmp_path: Path) -> None:
        path = tmp_path / "device.pub"
        path.write_bytes(b"\xff" * 32)
        assert "no Ed25519 public key" in hearken("verify", "--key", str(path), input="").stderr

    def test_without_a_key_it_does_not_begin(self, hearken: Hearken) -> None:
        assert hearken("verify", input="").exit_code == USAGE


def test_a_line_is_told_as_soon_as_it_has_come(signer: Signer, told: list[str]) -> None:
    command = [sys.executable, "-c", "from analytic.cli import main; main()", "verify", "--key", signer.public_key]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8", cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for one in told:
            process.stdin.write(f"{one}\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{one}\n"
        process.stdin.close()
        assert process.wait(timeout=20) == DONE
