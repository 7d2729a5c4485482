# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers.base import Anonymized, Anonymizer, Empirical, Formal, Guarantee, Identity, Nothing, Waveform
from anonymizers.chain import Chain, Methods, weakest


class Times:
    """Multiplies by a factor, and says so."""

    hides = "What it hides."
    leaks = "What it leaks."

    def __init__(self, name: str, factor: float, guarantee: Guarantee | None = None, keeps_time: bool = True) -> None:
        self.name = name
        self.factor = np.float32(factor)
        self.guarantee: Guarantee = guarantee or Empirical("results.json")
        self.keeps_time = keeps_time

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        assert sample_rate_hz == 8000
        return Anonymized((waveform + np.float32(1)) * self.factor, (f"times {self.factor:g}",))


A, B, C, D, E = (Times(name, factor) for factor, name in enumerate("abcde", 2))
METHODS = Methods([Identity(), A, B, C, D, E], ["a+c", "a+gone"])
FORMAL = Formal("noise", "one sample", 1.0, 0.0)


def test_the_parts_run_one_after_the_other_and_warnings_keep_their_order() -> None:
    answer = Chain([A, B]).anonymize(np.zeros(3, np.float32), 8000)
    assert answer.waveform.tolist() == [9.0, 9.0, 9.0]  # (0 + 1) * 2, (2 + 1) * 3
    assert answer.warnings == ("times 2", "times 3")
    assert Chain([B, A]).anonymize(np.zeros(1, np.float32), 8000).waveform.tolist() == [8.0]


def test_it_speaks_for_all_its_parts() -> None:
    chain: Anonymizer = Chain([A, B])
    assert chain.name == "a+b"
    assert chain.hides == "One after the other. a: What it hides. b: What it hides."
    assert chain.leaks == "What every part leaves. a: What it leaks. b: What it leaks."


@pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True), (False, False)])
def test_it_keeps_time_if_all_its_parts_do(first: bool, second: bool) -> None:
    parts = [Times("x", 1, keeps_time=first), Times("y", 1, keeps_time=second)]
    assert Chain(parts).keeps_time == (first and second)


@pytest.mark.parametrize(
    ("guarantees", "combined"),
    [
        ([Empirical("one"), Nothing()], Nothing()),
        ([Nothing(), FORMAL], Nothing()),
        ([FORMAL, Empirical("one")], Empirical("one")),
        ([Empirical("one"), Empirical("one")], Empirical("one")),
        ([Empirical("one"), Empirical("two"), Empirical("one")], Empirical("one, two")),
        ([FORMAL, Formal("noise", "one sample", 3.0, 0.0)], Formal("noise", "one sample", 3.0, 0.0)),
    ],
)
def test_a_chain_claims_no_more_than_its_weakest_part(guarantees: list[Guarantee], combined: Guarantee) -> None:
    assert weakest(guarantees) == combined
    assert Chain([Times("x", 1, guarantee) for guarantee in guarantees]).guarantee == combined


@pytest.mark.parametrize("parts", [[], [A]])
def test_a_chain_of_less_than_two_parts_is_refused(parts: list[Anonymizer]) -> None:
    with pytest.raises(ValueError, match=f"two parts or more, found {len(parts)}"):
        Chain(parts)


def test_a_chain_is_found_by_the_names_of_its_parts() -> None:
    for name in ("a+b", "b+a", "e+d+c+b"):
        assert name in METHODS
        assert METHODS[name].name == name
        assert METHODS.get(name) is not None


def test_single_methods_are_found_as_they_are() -> None:
    assert METHODS["a"] is A
    assert isinstance(METHODS["none"], Identity)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "+",
        "a+",
        "+a",
        "a++b",
        "a+a",
        "a+b+a",
        "a+none",
        "none+a",
        "a+b+c+d+e",
        "a+f",
        "A+B",
        "a + b",
        "a+b\n",
        "a,b",
        "+".join("ab" * 50_000),
    ],
)
def test_no_other_chain_is_known(name: str) -> None:
    assert name not in METHODS
    assert METHODS.get(name) is None
    with pytest.raises(KeyError):
        METHODS[name]


@given(st.text("abcdef+ ", max_size=12))
def test_what_is_found_is_two_to_four_different_known_parts(name: str) -> None:
    parts = name.split("+")
    fits = 2 <= len(parts) <= 4 and set(parts) <= set("abcde") and len(set(parts)) == len(parts)
    assert (name in METHODS) == (fits or name in {"a", "b", "c", "d", "e"})


def test_recommended_chains_are_listed_where_their_parts_are_there_and_others_are_not() -> None:
    assert list(METHODS) == ["none", "a", "b", "c", "d", "e", "a+c"]
    assert len(METHODS) == 7
    assert [name for name, _ in METHODS.items()] == list(METHODS)
