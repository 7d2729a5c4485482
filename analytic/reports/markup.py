# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The few pieces of HTML that a report's page is made of. Each takes plain text and escapes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape

from analytic.reports.wording import one_line


def text(plain: str) -> str:
    """Return text that can stand in an element or a quoted attribute, in one line."""
    return escape(one_line(plain), quote=True)


def paragraph(plain: str) -> str:
    """Return a paragraph."""
    return f"<p>{text(plain)}</p>"


def listing(items: Sequence[str]) -> str:
    """Return a list; nothing where there is nothing to list."""
    return f"<ul>{''.join(f'<li>{text(item)}</li>' for item in items)}</ul>" if items else ""


def facts(named: Mapping[str, str]) -> str:
    """Return names with what belongs to them."""
    pairs = (f"<dt>{text(name)}</dt><dd><bdi>{text(fact)}</bdi></dd>" for name, fact in named.items())
    return f"<dl>{''.join(pairs)}</dl>"


def section(heading: str, *parts: str) -> str:
    """Return a section of finished parts below its heading."""
    return "\n".join(("<section>", f"<h2>{text(heading)}</h2>", *filter(None, parts), "</section>"))


def picture(base64: str, alt: str, caption: str) -> str:
    """Return a PNG picture as part of the page."""
    image = f'<img src="data:image/png;base64,{base64}" alt="{text(alt)}">'
    return f"<figure>{image}<figcaption>{text(caption)}</figcaption></figure>"


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], figures: Collection[int], alarms: Collection[int] = ()
) -> str:
    """Return a table whose rows are named by their first cell.

    Parameters
    ----------
    heads, rows
        Text, as many cells in each row as heads.
    figures
        Which columns hold numbers.
    alarms
        Which rows are alarms.
    """
    first = "".join(
        f'<th scope="col"{_figure(column in figures)}>{text(head)}</th>' for column, head in enumerate(heads)
    )
    body = "\n".join(_row(cells, figures, row in alarms) for row, cells in enumerate(rows))
    whole = f"<table><thead><tr>{first}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    return f'<div class="wide" tabindex="0">{whole}</div>'


def _row(cells: Sequence[str], figures: Collection[int], is_alarm: bool) -> str:
    name = f'<th scope="row"{_figure(0 in figures)}>{text(cells[0])}</th>'
    rest = "".join(f"<td{_figure(column in figures)}>{text(cell)}</td>" for column, cell in enumerate(cells[1:], 1))
    return f'<tr class="alarm">{name}{rest}</tr>' if is_alarm else f"<tr>{name}{rest}</tr>"


def _figure(is_figure: bool) -> str:
    return ' class="figure"' if is_figure else ""
