# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Scores -> decisions. Pure: reads no clock, file, socket or thread; clocks and ids are arguments.

May import: numpy. `types` imports nothing but the standard library, because `delivery` reads it, and no path may lead
from there to sound.
"""
