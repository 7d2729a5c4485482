# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Live sound, above the pipeline: where it comes from, and one source's life.

May import: `analytic.pipeline` and all below it, but not `delivery`, `api` or `web`; numpy, websockets, soundfile and
soxr; sounddevice and PyAV only inside functions, which say so where they are missing.

`session` is one source: what waits, what was heard, how it fares. `listener` runs many on few threads. `door` takes
sound over the websocket server, the others open it themselves, and `keeper` opens it again when it ends.
"""
