# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What delivery loses when everything fails: a running service under load, killed again and again, with its broker, its
node and its webhook failing in every way. ``make bench-delivery``; needs Mosquitto, and root for the full disk.
"""
