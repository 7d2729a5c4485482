# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""MQTT: every message to a broker, and what Home Assistant and those who know Frigate's topics expect.

`sink` carries messages, `connection` is the wire, `topics` says where everything goes, `states` what a message changes,
`homeassistant` what entities there are, `frigate` its words. Only the first two do I/O.

May import: `analytic.delivery`, `analytic.events.types`, paho-mqtt.
"""
