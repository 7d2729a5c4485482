# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What is given up where too many messages wait, and what is deleted once nobody needs it."""

from __future__ import annotations

import sqlite3

_SLAB = 20  # a twentieth of the bound goes at once, so that not every message has to look for one to give up


def bound(connection: sqlite3.Connection, sink: str, max_pending: int) -> int:
    """Turn the oldest messages of the least weight into gaps, and gaps that meet into one; return how many."""
    ((waiting,),) = connection.execute(
        "SELECT count(*) FROM pending WHERE sink = ? AND first_seq IS NULL", (sink,)
    ).fetchall()
    excess = waiting - max_pending
    if excess <= 0:
        return 0
    found = connection.execute(
        "SELECT seq FROM pending JOIN messages USING (seq) WHERE sink = ? AND first_seq IS NULL "
        "ORDER BY rank, seq LIMIT ?",
        (sink, min(waiting, excess + max_pending // _SLAB)),
    ).fetchall()
    connection.executemany(
        "UPDATE pending SET first_seq = seq WHERE sink = ? AND seq = ?", [(sink, seq) for (seq,) in found]
    )
    _join_gaps(connection, sink)
    return len(found)


def trim(connection: sqlite3.Connection, kept_messages: int, oldest: float) -> None:
    """Delete what no sink waits for: all but the newest messages, and those stored before a time."""
    ((last,),) = connection.execute("SELECT coalesce(max(seq), 0) FROM messages").fetchall()
    connection.execute(
        # The last one stays: the next number comes after it.
        "DELETE FROM messages WHERE (seq <= ? OR stored < ?) AND seq < ? AND seq NOT IN (SELECT seq FROM pending)",
        (last - kept_messages, oldest, last),
    )
    connection.execute("DELETE FROM events WHERE id NOT IN (SELECT event_id FROM messages WHERE event_id NOT NULL)")


def _join_gaps(connection: sqlite3.Connection, sink: str) -> None:
    rows = connection.execute(
        "SELECT first_seq, seq FROM pending WHERE sink = ? AND first_seq IS NOT NULL ORDER BY seq", (sink,)
    ).fetchall()
    joined: list[list[int]] = []
    for first, last in rows:
        if joined and first == joined[-1][-1] + 1:
            joined[-1].append(last)
        else:
            joined.append([first, last])
    for first, *passed, last in joined:
        if passed:
            connection.executemany("DELETE FROM pending WHERE sink = ? AND seq = ?", [(sink, seq) for seq in passed])
            connection.execute("UPDATE pending SET first_seq = ? WHERE sink = ? AND seq = ?", (first, sink, last))
