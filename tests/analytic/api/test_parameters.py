# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import math
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.api.parameters import flag, identifier, label_filter, start_time
from analytic.errors import InvalidId, InvalidParameter, InvalidStartTime, UnknownLabels
from model.labels import labels

ALLOWED = string.ascii_letters + string.digits + "._-"


def refusal_of(*found: str) -> str:
    """Return the message of the refusal; nothing if the list is accepted."""
    try:
        label_filter(found)
    except UnknownLabels as refusal:
        return str(refusal)
    return ""


def names(*found: str) -> list[str]:
    return [label.name for label in label_filter(found)]


@pytest.mark.parametrize("found", ["a", "A", "0", ".", "..", "-", "_", "anonymized_audio", "a" * 64, "2023-06.19_x"])
def test_an_id_of_the_allowed_form_comes_back_as_it_was(found: str) -> None:
    assert identifier("request_id", found) == found


@pytest.mark.parametrize(
    "found", ["", "a" * 65, "a\n", "\n", "a\nb", "\x1b[31m", "\0", " ", "a b", "a/b", "é", "\u0661", "%41", "a;b", "+"]
)
def test_an_id_of_another_form_is_refused_with_field_limit_and_length(found: str) -> None:
    with pytest.raises(InvalidId) as refusal:
        identifier("requestor_type", found)
    message = str(refusal.value)
    assert message.startswith("Invalid requestor_type: 1 to 64 characters of A-Z a-z 0-9 . _ - are allowed, found ")
    assert message.endswith(f"({len(found)} characters)")
    assert message.isascii()
    assert message.isprintable()


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.text(max_size=80))
def test_an_id_is_accepted_exactly_if_it_has_the_form(found: str) -> None:
    right = 1 <= len(found) <= 64 and all(character in ALLOWED for character in found)
    try:
        assert identifier("source", found) == found
        accepted = True
    except InvalidId:
        accepted = False
    assert accepted == right


@pytest.mark.parametrize("found", ["1", "true", "yes", "on", "TRUE", " 1 ", "On"])
def test_a_switch_is_on(found: str) -> None:
    assert flag("timeline", found) is True


@pytest.mark.parametrize("found", [None, "", " ", "0", "false", "no", "off", "False"])
def test_a_switch_is_off_also_where_nothing_is_said(found: str | None) -> None:
    assert flag("timeline", found) is False


@pytest.mark.parametrize("found", ["2", "maybe", "-1", "1.0", "truth", "null", "\0", "1\n0", "\u0661", "x" * 10_000])
def test_any_other_word_is_refused_with_the_words_there_are(found: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        flag("timeline", found)
    message = str(refusal.value)
    assert message.startswith("Invalid timeline: expected 1, true, yes, on, or 0, false, no, off, found '")
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 200


@pytest.mark.parametrize("found", [None, "", " ", "0", "0.0", "-0"])
def test_no_start_time_is_0(found: str | None) -> None:
    assert start_time(found) == 0.0


@pytest.mark.parametrize(("found", "seconds"), [("1", 1.0), ("2.5", 2.5), (" 0.25 ", 0.25), ("1e1", 10.0)])
def test_a_start_time_is_seconds(found: str, seconds: float) -> None:
    assert start_time(found) == seconds


@pytest.mark.parametrize("found", ["abc", "1,5", "0x1", "1s", "--1", "\0", "1\n2"])
def test_a_start_time_that_is_no_number_is_refused(found: str) -> None:
    with pytest.raises(InvalidStartTime, match=r"^Invalid start time: value outside audio clip$"):
        start_time(found)


@pytest.mark.parametrize("found", ["nan", "inf", "-inf", "-1", "1e400"])
def test_whether_a_number_lies_inside_the_clip_is_left_to_the_clip(found: str) -> None:
    seconds = start_time(found)
    assert seconds < 0 or not math.isfinite(seconds)


def test_no_filter_is_an_empty_list() -> None:
    assert label_filter(()) == []


def test_empty_items_are_ignored() -> None:
    assert names("") == []
    assert names(",") == []
    assert names(" , ,, ") == []
    assert names(",Speech,,Dog,") == ["Speech", "Dog"]


def test_labels_are_found_by_name_and_by_id_whatever_the_case() -> None:
    assert names("Speech") == names("sPEECH") == names("/m/09x0r") == ["Speech"]


def test_the_order_is_kept_and_each_label_comes_once() -> None:
    assert names("Dog, Speech,/m/09x0r,dog") == ["Dog", "Speech"]


def test_a_name_with_commas_goes_in_double_quotes() -> None:
    assert names('Speech,"Beep, bleep"') == ["Speech", "Beep, bleep"]
    assert names('"Beep, bleep", "Smoke detector, smoke alarm"') == ["Beep, bleep", "Smoke detector, smoke alarm"]


def test_several_filters_are_one_list() -> None:
    assert names("Speech", "Dog,Cat") == ["Speech", "Dog", "Cat"]


def test_every_label_can_be_named_in_quotes_and_by_id() -> None:
    every = list(labels())
    assert label_filter([",".join(f'"{label.name}"' for label in every)]) == every
    assert label_filter([",".join(label.mid for label in every)]) == every


def test_unknown_names_are_refused_and_listed() -> None:
    with pytest.raises(UnknownLabels, match=r"^Unknown label in filter: 'Beep', 'bleep'; ") as refusal:
        label_filter(["Speech,Beep, bleep"])
    assert refusal.value.found == ("Beep", "bleep")
    assert "double quotes" in str(refusal.value)


def test_the_refusal_of_a_thousand_names_stays_short() -> None:
    with pytest.raises(UnknownLabels) as refusal:
        label_filter([",".join(f"nothing{number}" * 100 for number in range(1_000))])
    assert len(str(refusal.value)) < 1_500


@pytest.mark.parametrize(
    "found", ["\0", "a\nb", "a\r\nb", "\x1b[2J", '"' * 7, '"Speech', 'x"y', "\ufffd", "x" * 140_000]
)
def test_a_strange_list_is_labels_or_a_refusal_in_one_printable_line(found: str) -> None:
    message = refusal_of(found)
    assert message.isprintable()
    assert len(message) < 1_500
    assert message or names(found) == ["Speech"]


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_list_is_labels_or_a_refusal(found: list[str]) -> None:
    message = refusal_of(*found)
    assert message.isprintable()
    assert message or all(label in labels() for label in label_filter(found))
