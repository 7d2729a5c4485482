# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken serve``: run the service until it is told to stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from analytic.settings import Settings


def serve(settings: Settings) -> None:
    """Run the service; print one line when it takes requests; stop on SIGTERM or SIGINT.

    Raises
    ------
    BadSettings, ModelError, OSError
        It cannot start.
    """
    from analytic.app import Service, forbid_core_dumps
    from analytic.telemetry import configure_logging

    configure_logging(settings.service.log_level)
    forbid_core_dumps()
    told_to_stop = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if not told_to_stop.is_set():  # whoever is told again while it wakes up would wait for its own lock
            told_to_stop.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    service = Service(settings)
    service.start()
    print(f"ready {service.http_url} {service.bus_url}", flush=True)
    told_to_stop.wait()
    service.stop()
