# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The SIFIS-Home DHT: a node on the local network that keeps the newest value of each key and tells its clients of it.

`frames` is what goes over its websocket, `node` one connection to it, `sink` what is published there.

May import: `analytic.delivery`, `analytic.events.types`, websockets.
"""
