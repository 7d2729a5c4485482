# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from analytic.listen.address import read
from analytic.listen.container import Stream
from analytic.listen.microphone import Microphone
from analytic.listen.piped import Piped
from analytic.listen.recording import Recording
from analytic.listen.sources import open_source


@pytest.mark.parametrize(
    ("text", "kind"),
    [("mic:", Microphone), ("a.wav", Recording), ("-", Piped), ("rtsp://cam/x", Stream), ("https://radio/x", Stream)],
)
def test_an_address_stands_for_a_source_and_nothing_is_opened_yet(text: str, kind: type) -> None:
    address = read(text)
    source = open_source(address)
    assert isinstance(source, kind)
    assert source.kind == address.kind
