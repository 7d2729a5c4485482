# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import collections
import pickle

import pytest

from model.tensor_pickle import read_tensors


def test_an_empty_dictionary_is_read() -> None:
    assert read_tensors(pickle.dumps({}, protocol=2)) == {}


def test_an_ordered_dictionary_is_read_and_the_state_it_is_given_forgotten() -> None:
    ordered = collections.OrderedDict()  # type: ignore[var-annotated]
    ordered._metadata = {"version": 1}  # type: ignore[attr-defined]
    assert read_tensors(pickle.dumps(ordered, protocol=2)) == {}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": 1}, "something else than one flat dictionary"),
        ({1: 2}, "by names"),
        ([1], "EMPTY_LIST is not allowed"),
        ({"a": 1.5}, "BINFLOAT is not allowed"),
        ({"a": {1, 2}}, "is not allowed"),
        (print, "name __builtin__.print is not allowed"),
    ],
)
def test_any_other_value_is_refused(value: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_tensors(pickle.dumps(value, protocol=2))


@pytest.mark.parametrize(
    "program", [b"\x80\x02t.", b"\x80\x02h\x05.", b"\x80\x02R.", b"\x80\x02}", b"\x80\x02(}u.", b"\x80\x09}."]
)
def test_a_program_that_takes_what_it_did_not_give_is_refused(program: bytes) -> None:
    with pytest.raises(ValueError, match="pickle"):
        read_tensors(program)
