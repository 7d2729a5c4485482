# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The MQTT broker, from its settings."""

from __future__ import annotations

from analytic.delivery.mqtt.connection import Broker
from analytic.errors import BadSettings
from analytic.settings.delivery import MqttSettings

_PORT, _PORT_TLS = 1883, 8883


def make_broker(settings: MqttSettings) -> Broker | None:
    """Return the broker of the settings; None where there is none.

    Raises
    ------
    BadSettings
        A file that they name cannot be read.
    """
    if settings.host is None:
        return None
    broker = Broker(
        settings.host,
        settings.port or (_PORT_TLS if settings.tls else _PORT),
        settings.username,
        settings.secret(),
        settings.tls,
        settings.ca_file,
        settings.cert_file,
        settings.key_file,
    )
    try:
        broker.context()
    except OSError as error:
        raise BadSettings(f"mqtt: a certificate cannot be read: {error}") from error
    return broker
