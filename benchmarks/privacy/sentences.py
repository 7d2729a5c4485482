# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What must not be heard: twenty sentences with codes, health and money, written for this benchmark, and PINs."""

from __future__ import annotations

import numpy as np

SENTENCES = (
    "The alarm code for the front door is four seven one nine.",
    "I was diagnosed with diabetes two weeks ago.",
    "Please transfer two thousand euros to my savings account.",
    "The spare key is under the blue flower pot.",
    "My doctor says the tumour has grown again.",
    "We will be away on holiday until the end of August.",
    "The password of the router is written on the fridge.",
    "She stopped taking her antidepressants on Monday.",
    "I owe my brother fifteen hundred dollars.",
    "The safe opens with my mother's birthday.",
    "His test for hepatitis came back positive.",
    "They will dismiss forty people before Christmas.",
    "My card number ends with six three zero eight.",
    "The baby is due in the middle of October.",
    "He has been drinking every night since the funeral.",
    "The mortgage payment bounced for the third time.",
    "Do not tell anyone that I am seeing a lawyer.",
    "Her blood pressure was much too high this morning.",
    "The garage can be opened with a simple screwdriver.",
    "I hid the jewellery behind the books upstairs.",
)
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_STOP_WORDS = """
a am an and are as at back be been behind before can do does every for from had has have he her his i in is it me much
my no not of on or please she since so than that the their them there they this to too under until up was we were will
with you
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def pins(count: int = 100, seed: int = 4719) -> list[str]:
    """Return different PINs of four digits."""
    drawn = np.random.default_rng(seed).permutation(10_000)[:count]
    return [f"{pin:04d}" for pin in drawn]


def words(sentence: str) -> list[str]:
    """Return the words in lower case, without punctuation."""
    return "".join(one if one.isalpha() or one == "'" else " " for one in sentence.lower()).split()


def spoken(pin: str) -> str:
    """Return a PIN as it is read aloud."""
    return " ".join(DIGITS[int(digit)] for digit in pin)
