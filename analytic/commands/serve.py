# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken serve``: run the service until it is told to stop."""

from __future__ import annotations

from analytic.commands.ending import until_told
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
    with until_told() as end:
        service = Service(settings)
        service.start()
        print(f"ready {service.http_url} {service.bus_url}", flush=True)
        end.wait()
        service.stop()
