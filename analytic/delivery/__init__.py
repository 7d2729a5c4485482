# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Events -> the world: kept first, then carried until the other side has acknowledged them.

`dispatch` stamps and signs (`signing`), `outbox` and `history` keep (`database`, `sequence`), a `pump` each empties the
outbox into `mqtt`, `dht` and `webhook`; the `websocket` bus tells at once and replays from the history. `verifying` is
for those who listen.

May import: `analytic.events.types`, `analytic.access`, `analytic.folders`, the standard library, websockets, paho-mqtt,
requests, tenacity, cryptography, rfc8785. May not import `analytic.audio`, numpy, or anything that does: there is no
path by which sound can leave through a bus, and tests/test_architecture.py holds it.
"""
