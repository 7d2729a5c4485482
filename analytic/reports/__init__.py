# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What was heard in a recording, as people and programs read it: CSV, Audacity labels, JSON, a page with pictures.

May import: numpy; matplotlib (the extra `reports`), only when a picture is drawn; `analytic.errors` and
`analytic.events`. A report holds no sound, and is all that is kept of a recording.
"""
