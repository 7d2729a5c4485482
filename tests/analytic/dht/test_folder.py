# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from analytic.dht.folder import Folder, NoSuchFile
from analytic.errors import BadRequest

MAX_BYTES = 1000
SECRET = b"what lies outside"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder; beside it lies what nobody may read through it."""
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "secret").write_bytes(SECRET)
    root = tmp_path / "sounds"
    (root / "hall" / "night").mkdir(parents=True)
    (root / "a.wav").write_bytes(b"a")
    (root / "hall" / "night" / "b.flac").write_bytes(b"b")
    return root


@pytest.fixture
def folder(root: Path) -> Folder:
    return Folder(root, MAX_BYTES)


@pytest.fixture(autouse=True)
def nothing_is_left_open() -> Iterator[None]:
    before = psutil.Process().num_fds()
    yield
    assert psutil.Process().num_fds() == before


def refused(folder: Folder, name: str) -> str:
    with pytest.raises(NoSuchFile) as caught:
        folder.read(name)
    assert isinstance(caught.value, BadRequest)
    assert caught.value.name == name
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 1200
    assert SECRET.decode() not in said
    return said


def test_a_file_in_it_or_below_it_is_read(folder: Folder) -> None:
    assert folder.read("a.wav") == b"a"
    assert folder.read("hall/night/b.flac") == b"b"


def test_the_folder_itself_may_be_a_link_that_the_operator_made(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert Folder(tmp_path / "link", MAX_BYTES).read("a.wav") == b"a"


def test_without_a_folder_there_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "No such file" in refused(Folder(tmp_path / "nowhere", MAX_BYTES), "a.wav")
    assert "Not a directory" in refused(Folder(tmp_path / "file", MAX_BYTES), "a.wav")


def test_a_name_that_leads_nowhere_is_refused(folder: Folder) -> None:
    for name in ("none.wav", "hall/none.wav", "none/a.wav", "a.wav/more", "A.WAV"):
        assert refused(folder, name).startswith(f"audio_file {name!r}: ")


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "/", "//", "../secret", "../../etc/passwd", "/etc/passwd", "hall/../a.wav", "hall/../../secret",
        "hall/..", "./a.wav", "hall//night/b.flac", "a.wav/", "/a.wav", ".hidden", "hall/.hidden", "..\\secret",
        "..%2fsecret", "%2e%2e/secret", "~/.ssh/id_rsa", "~root", "a.wav\0", "\0", "a.wav\n", "a b", "a*", "é",
        "\uff0e\uff0e/secret", "\u2024\u2024/secret", "x" * 65, "x/" * 5000 + "x", "a" * 100_000, "file:///etc/passwd",
        "\ud800", "http://127.0.0.1/a.wav", "\u202ea.wav", "a.wav;ls", "$(ls)", "CON:",
        "\x1b[31m",
    ],
)  # fmt: skip
def test_no_hostile_name_leads_anywhere(folder: Folder, name: str) -> None:
    refused(folder, name)


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["..", ".", "", "hall", "night", "secret", "beside", "a.wav", "\0", "x"]), max_size=8))
@example(["..", "secret"])
def test_no_way_leads_out(folder: Folder, parts: list[str]) -> None:
    try:
        found = folder.read("/".join(parts))
    except NoSuchFile:
        return
    assert found in (b"a", b"b")


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.text())
def test_no_text_leads_anywhere_else(folder: Folder, name: str) -> None:
    with contextlib.suppress(NoSuchFile):
        assert folder.read(name) in (b"a", b"b")


class TestLinks:
    def test_none_is_followed_whatever_it_leads_to(self, folder: Folder, root: Path, tmp_path: Path) -> None:
        for name, target in (
            ("outside", tmp_path / "secret"),
            ("inside", root / "a.wav"),
            ("relative", Path("../secret")),
            ("nowhere", tmp_path / "none"),
            ("loop", root / "loop"),
        ):
            (root / name).symlink_to(target)
            refused(folder, name)

    def test_none_is_followed_on_the_way_at_any_level(self, folder: Folder, root: Path, tmp_path: Path) -> None:
        (root / "way").symlink_to(tmp_path / "beside")
        (root / "hall" / "way").symlink_to(tmp_path / "beside")
        (root / "hall" / "back").symlink_to(root)
        (root / "hall" / "up").symlink_to("..")
        for name in ("way/secret", "hall/way/secret", "hall/back/a.wav", "hall/up/a.wav"):
            refused(folder, name)

    def test_a_folder_that_becomes_a_link_while_it_is_opened_leads_nowhere(
        self, folder: Folder, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (root / "hall" / "secret").write_bytes(b"b")
        opened = os.open

        def swapped(path: str | Path, flags: int, *, dir_fd: int | None = None) -> int:
            handle = opened(path, flags, dir_fd=dir_fd)
            if path == "hall":
                (root / "hall").rename(root / "was-hall")
                (root / "hall").symlink_to(tmp_path / "beside")
            return handle

        monkeypatch.setattr(os, "open", swapped)
        assert folder.read("hall/secret") == b"b"


class TestOtherThings:
    def test_a_folder_is_no_file(self, folder: Folder) -> None:
        assert refused(folder, "hall") == "audio_file 'hall': no regular file"
        assert refused(folder, "hall/night") == "audio_file 'hall/night': no regular file"

    def test_a_pipe_is_refused_and_nobody_waits_for_its_writer(self, folder: Folder, root: Path) -> None:
        os.mkfifo(root / "pipe")
        assert refused(folder, "pipe") == "audio_file 'pipe': no regular file"

    def test_a_socket_is_refused(self, folder: Folder, root: Path) -> None:
        with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as one:
            one.bind(f"{short}/s")
            (root / "socket").hardlink_to(f"{short}/s")
            refused(folder, "socket")

    @pytest.mark.parametrize("name", ["null", "zero", "random", "full"])
    def test_a_device_is_refused(self, name: str) -> None:
        assert refused(Folder(Path("/dev"), MAX_BYTES), name) == f"audio_file '{name}': no regular file"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_file_that_may_not_be_read_is_refused(self, folder: Folder, root: Path) -> None:
        (root / "a.wav").chmod(0)
        assert "Permission denied" in refused(folder, "a.wav")


class TestSize:
    def test_the_largest_is_read_whole_and_one_byte_more_is_refused(self, folder: Folder, root: Path) -> None:
        (root / "large").write_bytes(bytes(MAX_BYTES))
        assert len(folder.read("large")) == MAX_BYTES
        (root / "large").write_bytes(bytes(MAX_BYTES + 1))
        assert (
            refused(folder, "large") == f"audio_file 'large': at most {MAX_BYTES} bytes are read, found {MAX_BYTES + 1}"
        )

    def test_a_hole_of_a_terabyte_costs_nothing(self, folder: Folder, root: Path) -> None:
        with (root / "hole").open("wb") as file:
            file.truncate(1 << 40)
        assert "at most" in refused(folder, "hole")

    def test_one_that_grows_while_it_is_read_is_cut(
        self, folder: Folder, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        measured = os.fstat

        def grown(handle: int) -> os.stat_result:
            found = measured(handle)
            (root / "a.wav").write_bytes(bytes(10 * MAX_BYTES))
            return found

        monkeypatch.setattr(os, "fstat", grown)
        assert len(folder.read("a.wav")) == MAX_BYTES

    def test_an_empty_one_is_read_and_left_to_who_decodes_it(self, folder: Folder, root: Path) -> None:
        (root / "empty").touch()
        assert folder.read("empty") == b""


def test_a_disk_that_fails_is_refused_like_a_file_that_is_not_there(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_handle: int) -> os.stat_result:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", broken)
        with pytest.raises(NoSuchFile, match=r"'a\.wav': Input/output error"):
            folder.read("a.wav")
