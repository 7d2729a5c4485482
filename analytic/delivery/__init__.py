# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Events -> the world: the dispatcher that stamps them, and the sinks that carry them.

May import: `analytic.events.types`, `analytic.access`, the standard library, websockets. May not import
`analytic.audio`, numpy, or anything that does: there is no path by which sound can leave through a bus, and
tests/test_architecture.py holds it.
"""
