# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from analytic.reports import markup

EVIL = '<i class="x">&\n'
SAFE = "&lt;i class=&quot;x&quot;&gt;&amp; "


def test_every_piece_escapes_its_text() -> None:
    pieces = (
        markup.paragraph(EVIL),
        markup.listing([EVIL]),
        markup.facts({EVIL: EVIL}),
        markup.section(EVIL),
        markup.picture("", EVIL, EVIL),
        markup.table([EVIL], [[EVIL]], set()),
    )
    for piece in pieces:
        assert "<i " not in piece
        assert SAFE in piece


def test_nothing_to_list_is_no_list() -> None:
    assert markup.listing([]) == ""


def test_a_table_names_its_columns_and_its_rows() -> None:
    table = markup.table(["From", "Heard"], [["0:00", "Dog"], ["0:01", "Cat"]], {0}, {1})
    assert '<th scope="col" class="figure">From</th><th scope="col">Heard</th>' in table
    assert '<tr><th scope="row" class="figure">0:00</th><td>Dog</td></tr>' in table
    assert '<tr class="alarm"><th scope="row" class="figure">0:01</th>' in table
