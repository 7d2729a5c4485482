# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import math
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from model import checkpoint
from model.checkpoint import MAX_PICKLE_BYTES, MAX_TENSORS_BYTES, read_checkpoint
from model.errors import BadCheckpoint
from tests.model.torchfile import (
    BUILD,
    EMPTY_TUPLE,
    FOUR,
    NEWOBJ,
    NONE,
    PERSISTENT,
    POP,
    PROTOCOL_2,
    REDUCE,
    STACK_GLOBAL,
    STOP,
    archive,
    group,
    mapping,
    named,
    number,
    program,
    save,
    storage,
    tensor,
    text,
)

ROOT = Path(checkpoint.__file__).parents[1]
GOOD = text("a") + tensor()
REBUILD = named("torch._utils", "_rebuild_tensor_v2")
ORDERED = named("collections", "OrderedDict")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "net.pt"


def refused(path: Path) -> str:
    with pytest.raises(BadCheckpoint) as error:
        read_checkpoint(path)
    assert error.value.path == str(path)
    return error.value.reason


def test_a_dictionary_of_tensors_is_read_with_names_shapes_and_order(here: Path) -> None:
    rng = np.random.default_rng(1)
    wanted = {
        "z.weight": rng.normal(size=(4, 3, 2, 1)).astype("<f4"),
        "a.bias": rng.normal(size=5).astype("<f8"),
        "half": rng.normal(size=(2, 2)).astype("<f2"),
        "counter": np.array(7, "<i8"),
        "ints": np.arange(6, dtype="<i4").reshape(2, 3),
        "empty": np.zeros((0, 3), "<f4"),
    }
    found = read_checkpoint(save(here, wanted))
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert np.array_equal(found[name], array)


def test_what_is_read_can_be_written_to(here: Path) -> None:
    found = read_checkpoint(archive(here, program(GOOD)))["a"]
    found[:] = 1
    assert found.tolist() == [1] * 4


def test_tensors_may_share_a_buffer_from_different_offsets(here: Path) -> None:
    pickled = program(text("a"), tensor((2,), offset=0), text("b"), tensor((3,), offset=1))
    found = read_checkpoint(archive(here, pickled))
    assert (found["a"].tolist(), found["b"].tolist()) == ([0, 1], [1, 2, 3])


def test_an_ordered_dictionary_with_metadata_is_read_as_torch_writes_it(here: Path) -> None:
    pickled = (
        PROTOCOL_2
        + ORDERED
        + EMPTY_TUPLE
        + REDUCE
        + b"("
        + GOOD
        + b"u"
        + mapping(text("_metadata"), b"}")
        + BUILD
        + STOP
    )
    assert list(read_checkpoint(archive(here, pickled))) == ["a"]


def test_the_top_folder_may_have_any_name(here: Path) -> None:
    assert read_checkpoint(archive(here, program(GOOD), top="mn04_as"))["a"].tolist() == [0, 1, 2, 3]


CALLS = [
    ("os", "system"),
    ("posix", "system"),
    ("subprocess", "getoutput"),
]


@pytest.mark.parametrize(("module", "name"), CALLS)
def test_a_call_of_the_shell_does_not_happen(here: Path, module: str, name: str) -> None:
    canary = here.parent / "canary"
    call = named(module, name) + group(text(f"touch {canary}")) + REDUCE
    path = archive(here, program(text("a"), call))
    assert refused(path) == f"the name {module}.{name} is not allowed in a checkpoint"
    assert not canary.exists()
    # The very same program, run by Python's own unpickler, does what it is here to do.
    with zipfile.ZipFile(path) as file:
        pickle.loads(file.read("archive/data.pkl"))
    assert canary.exists()


@pytest.mark.parametrize("function", ["eval", "exec"])
def test_code_in_a_string_does_not_run(here: Path, function: str) -> None:
    canary = here.parent / "canary"
    code = f"__import__('pathlib').Path({str(canary)!r}).touch()"
    path = archive(here, program(text("a"), named("builtins", function) + group(text(code)) + REDUCE))
    assert refused(path) == f"the name builtins.{function} is not allowed in a checkpoint"
    assert not canary.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "getattr"),
        ("builtins", "open"),
        ("builtins", "__import__"),
        ("importlib", "import_module"),
        ("torch", "load"),
        ("torch", "ByteStorage"),
        ("torch.nn.modules.linear", "Linear"),
        ("torch._utils", "_rebuild_parameter"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__"),
        ("torch", "FloatStorage.__class__"),
        ("collections", "OrderedDict.fromkeys"),
        ("collections", "namedtuple"),
        ("collections.OrderedDict", "fromkeys"),
        ("numpy", "load"),
        ("model.tensor_pickle", "_tensor"),
    ],
)
@pytest.mark.parametrize("form", ["GLOBAL", "STACK_GLOBAL"])
def test_any_name_but_the_allowed_is_refused_in_both_spellings(here: Path, module: str, name: str, form: str) -> None:
    spelt = named(module, name) if form == "GLOBAL" else text(module) + text(name) + STACK_GLOBAL
    pickled = b"\x80\x04" + mapping(text("a"), spelt + EMPTY_TUPLE + REDUCE) + STOP
    what = f"name {module}.{name}" if form == "GLOBAL" else "step STACK_GLOBAL"
    assert refused(archive(here, pickled)) == f"the {what} is not allowed in a checkpoint"


def test_the_module_of_a_refused_name_is_not_even_imported(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.parent / "hostile_module.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(here.parent)
    refused(archive(here, program(text("a"), named("hostile_module", "anything"))))
    assert "hostile_module" not in sys.modules


TRICKS = {
    "a call inside a call's arguments": REBUILD + group(named("os", "getcwd") + EMPTY_TUPLE + REDUCE) + REDUCE,
    "a call of what a call gave": tensor() + EMPTY_TUPLE + REDUCE,
    "a call of a type of numbers": named("torch", "FloatStorage") + group(text("O")) + REDUCE,
    "an object of a function": REBUILD + EMPTY_TUPLE + NEWOBJ,
    "a nested dictionary": mapping(GOOD),
    "an ordered dictionary of commands": ORDERED + EMPTY_TUPLE + REDUCE,
    "a number": number(1),
    "a storage alone": storage(),
    "a tensor without a storage": REBUILD + group(text("0"), number(0), EMPTY_TUPLE, EMPTY_TUPLE) + REDUCE,
    "a tensor without arguments": REBUILD + EMPTY_TUPLE + REDUCE,
    "text as a shape": REBUILD + group(storage(), number(0), text("ab"), EMPTY_TUPLE) + REDUCE,
    "an endless offset": REBUILD + group(storage(), b"Finf\n", EMPTY_TUPLE, EMPTY_TUPLE) + REDUCE,
    "a storage of another kind": group(text("file"), named("torch", "FloatStorage"), text("0")) + PERSISTENT,
    "a storage of objects": group(text("storage"), ORDERED, text("0"), text("cpu"), number(4)) + PERSISTENT,
    "a storage that leads elsewhere": tensor(of=storage("../data.pkl")),
    "a storage without a buffer": tensor(of=storage("9")),
    "too short a storage": group(text("storage")) + PERSISTENT,
    "a number as a storage": number(1) + PERSISTENT,
    "a changed shape": tensor() + mapping(text("shape"), text("ab")) + BUILD,
    "a changed key": tensor(of=storage() + mapping(text("key"), text("../data.pkl")) + BUILD),
    "an extension code": b"\x82\x01",
    "a buffer from outside": b"\x97",
    "a broken name": b"c\xff\xfe\nx\n",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_in_place_of_a_tensor_is_refused(here: Path, trick: str) -> None:
    assert refused(archive(here, program(text("a"), TRICKS[trick])))


@pytest.mark.parametrize(
    "pickled",
    [
        b"",
        b".",
        PROTOCOL_2,
        PROTOCOL_2 + number(1) + STOP,
        PROTOCOL_2 + group(GOOD) + STOP,
        program(number(1), tensor()),
        program(mapping(), tensor()),
        b"\x80\xff" + program(GOOD),
        b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + STOP,
        program(GOOD)[:-20],
        b"hello",
    ],
)
def test_what_is_no_dictionary_of_tensors_is_refused(here: Path, pickled: bytes) -> None:
    assert refused(archive(here, pickled))


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((5,), (1,), 0),
        ((4,), (1,), 1),
        ((1,), (1,), 4),
        ((4,), (1,), -1),
        ((-4,), (1,), 0),
        ((-2, -2), (-2, 1), 0),
        ((2, 2), (1, 2), 0),
        ((2, 2), (0, 0), 0),
        ((4,), (-1,), 3),
        ((4,), (), 0),
        ((1 << 62,), (1,), 0),
        ((10**30,), (1,), 0),
        ((10**30, 10**30), (10**30, 1), 0),
        ((0, 10**30), (10**30, 1), 0),
        ((4,), (1,), 10**30),
        ((0,), (1,), 10**30),
        ((1,) * 100, (1,) * 100, 0),
    ],
)
def test_a_tensor_that_is_not_laid_out_in_its_buffer_is_refused(
    here: Path, shape: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> None:
    assert refused(archive(here, program(text("a"), tensor(shape, strides, offset))))


def test_the_reason_names_the_shape_and_the_buffer(here: Path) -> None:
    reason = refused(archive(here, program(text("a"), tensor((5,)))))
    assert reason == "a: shape (5,) does not fit its buffer of 16 bytes"


def test_a_missing_buffer_is_named_in_a_plain_sentence(here: Path) -> None:
    reason = refused(archive(here, program(text("a"), tensor(of=storage("9")))))
    assert "data/9" in reason
    assert not reason.startswith(('"', "'"))


def state(**values: bytes) -> bytes:
    """What BUILD sets attribute by attribute."""
    return group(NONE, mapping(*(part for name, value in values.items() for part in (text(name), value))))


@pytest.mark.parametrize(
    "changed",
    [
        REBUILD + state(__defaults__=group(number(1), number(2), number(3))) + BUILD,
        REBUILD + state(__doc__=text("changed")) + BUILD,
        REBUILD + mapping(text("left"), number(1)) + BUILD,
        ORDERED + state(left=number(1)) + BUILD,
        ORDERED + mapping(text("left"), number(1)) + BUILD,
        named("torch", "FloatStorage") + group(number(3), text(">"), NONE, NONE, NONE, *[number(0)] * 3) + BUILD,
    ],
    ids=["defaults", "docstring", "attribute", "class", "class's dictionary", "type of numbers"],
)
def test_a_state_for_what_a_name_stands_for_is_refused(here: Path, changed: bytes) -> None:
    path = archive(here, PROTOCOL_2 + changed + POP + mapping(GOOD) + STOP)
    with pytest.raises(BadCheckpoint):
        read_checkpoint(path)
    assert not hasattr(__import__("collections").OrderedDict, "left")
    assert np.dtype("<f4") == np.float32 == np.dtype("float32").newbyteorder("<")


def test_a_dictionary_that_redefines_its_own_contents_is_refused_or_read_as_it_is(here: Path) -> None:
    """An ordered dictionary whose `items` was replaced must not pass for an empty checkpoint."""
    pickled = (
        PROTOCOL_2
        + ORDERED
        + EMPTY_TUPLE
        + REDUCE
        + b"("
        + GOOD
        + b"u"
        + mapping(text("items"), ORDERED)
        + BUILD
        + STOP
    )
    try:
        found = read_checkpoint(archive(here, pickled))
    except BadCheckpoint:
        return
    assert list(found) == ["a"]


LIMITED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
from model.checkpoint import read_checkpoint
from model.errors import BadCheckpoint
try:
    read_checkpoint(Path(sys.argv[1]))
except BadCheckpoint:
    sys.exit(7)
"""


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + STOP,
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + STOP,
        PROTOCOL_2 + b"}(" + EMPTY_TUPLE + b"\x85" * 300_000 + tensor() + b"u.",
    ],
    ids=[
        "a terabyte of bytes",
        "a terabyte of a bytearray",
        "300,000 tuples in each other as a key",
    ],
)
def test_a_pickle_that_asks_for_too_much_is_refused_like_any_other(here: Path, pickled: bytes) -> None:
    """In a process of its own with 4 GiB of memory, since it may take the process with it."""
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(archive(here, pickled))],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 7, run.stderr[-300:]


def test_a_high_place_in_the_memo_takes_no_more_room_than_a_low_one(here: Path) -> None:
    pickled = PROTOCOL_2 + b"}r" + struct.pack("<I", 0xFFFFFFF0) + STOP
    assert read_checkpoint(archive(here, pickled)) == {}


@pytest.mark.parametrize("names", [[], ["a/data.pkl", "b/data.pkl"], ["data.pkl"], ["a/b/data.pkl"]])
def test_an_archive_without_exactly_one_pickle_one_folder_down_is_refused(here: Path, names: list[str]) -> None:
    with zipfile.ZipFile(here, "w") as file:
        file.writestr("a/version", "3")
        for name in names:
            file.writestr(name, program(GOOD))
    assert refused(here) == f"expected one data.pkl, found {2 if len(names) == 2 else 0}"


def test_two_pickles_of_the_same_name_are_refused(here: Path) -> None:
    with zipfile.ZipFile(here, "w") as file:
        file.writestr("a/data.pkl", program(GOOD))
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("a/data.pkl", program(GOOD))
    assert refused(here) == "expected one data.pkl, found 2"


def test_too_large_a_pickle_is_refused_before_it_is_unpacked(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(here, "w") as file:
        file.writestr("a/data.pkl", bytes(MAX_PICKLE_BYTES + 1))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was opened"))
    assert refused(here) == f"a/data.pkl has {MAX_PICKLE_BYTES + 1} bytes, at most {MAX_PICKLE_BYTES} are read here"


def declared(path: Path, member: bytes, size: int) -> Path:
    """Rewrite the size that the archive's directory states for a member."""
    raw = bytearray(path.read_bytes())
    place = raw.rindex(b"PK\x01\x02", 0, raw.rindex(member))
    raw[place + 24 : place + 28] = struct.pack("<I", size)
    path.write_bytes(raw)
    return path


def test_a_buffer_that_declares_more_than_a_gibibyte_is_refused_before_it_is_read(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = declared(archive(here, program(GOOD)), b"archive/data/0", MAX_TENSORS_BYTES + 1)
    really = zipfile.ZipFile.open

    def watched(file: zipfile.ZipFile, member: str | zipfile.ZipInfo, *rest: str) -> object:
        assert "data/0" not in str(getattr(member, "filename", member))
        return really(file, member)

    monkeypatch.setattr(zipfile.ZipFile, "open", watched)
    assert (
        refused(path) == f"archive/data/0 has {MAX_TENSORS_BYTES + 1} bytes, at most {MAX_TENSORS_BYTES} are read here"
    )


def test_a_tensor_that_fits_only_what_its_buffer_declares_is_refused(here: Path) -> None:
    path = archive(here, program(text("a"), tensor((1000,))))
    assert "does not fit its buffer of 16 bytes" in refused(path)
    assert refused(declared(path, b"archive/data/0", 4000))


def altered(path: Path, central: int, local: int, value: int) -> Path:
    """Set the same 16-bit field of all headers, in the directory and before each member."""
    raw = bytearray(path.read_bytes())
    for mark, field in ((b"PK\x01\x02", central), (b"PK\x03\x04", local)):
        place = raw.find(mark)
        while place >= 0:
            raw[place + field : place + field + 2] = struct.pack("<H", value)
            place = raw.find(mark, place + 4)
    path.write_bytes(raw)
    return path


def test_an_encrypted_archive_is_refused(here: Path) -> None:
    assert refused(altered(archive(here, program(GOOD)), 8, 6, 1))


def test_an_unknown_compression_is_refused(here: Path) -> None:
    assert refused(altered(archive(here, program(GOOD)), 10, 8, 99))


def test_a_broken_compression_is_refused(here: Path) -> None:
    with zipfile.ZipFile(here, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/data.pkl", program(GOOD) * 20)
    raw = bytearray(here.read_bytes())
    raw[40:46] = b"\xff" * 6
    here.write_bytes(raw)
    assert refused(here)


def test_a_flipped_bit_in_a_buffer_is_refused(here: Path) -> None:
    raw = archive(here, program(GOOD)).read_bytes()
    here.write_bytes(raw.replace(FOUR["0"], FOUR["0"][:-1] + b"\x00"))
    assert refused(here) == "not a readable zip archive (Bad CRC-32 for file 'archive/data/0')"


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), pickle.dumps({"a": 1})])
def test_what_is_no_archive_is_refused(here: Path, content: bytes) -> None:
    here.write_bytes(content)
    assert refused(here)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_half_a_file_is_refused(here: Path, part: float) -> None:
    raw = archive(here, program(GOOD)).read_bytes()
    here.write_bytes(raw[: math.floor(part * len(raw))])
    assert refused(here).startswith("not a readable zip archive")


def test_a_file_that_is_not_there_and_a_folder_are_refused(here: Path) -> None:
    assert "No such file" in refused(here)
    assert "directory" in refused(here.parent)


def test_the_published_checkpoint_is_read_whole(weights: Path) -> None:
    path = weights / "mn04_as_mAP_432.pt"
    found = read_checkpoint(path)
    with zipfile.ZipFile(path) as file:
        buffers = [name for name in file.namelist() if "/data/" in name]
        counters = [name for name in found if name.endswith("num_batches_tracked")]
        assert len(found) == len(buffers) == 312
        assert len(counters) == 46
        # In this file the buffers are numbered in the tensors' order.
        for key, array in enumerate(found.values()):
            kind = "<i8" if array.ndim == 0 else "<f4"
            raw = np.frombuffer(file.read(f"archive/data/{key}"), kind)
            assert np.array_equal(array.ravel(), raw)
    assert found["features.0.0.weight"].shape == (8, 1, 3, 3)
    assert found["classifier.5.bias"].shape == (527,)
    learnt = [array.size for name, array in found.items() if not name.endswith(("_tracked", "_mean", "_var"))]
    assert sum(learnt) == 983_599
