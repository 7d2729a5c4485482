# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Long recordings, heard in the background: a list of jobs, each of which ends in a report.

`job` is what is known of one, `shelf` the folder where jobs and reports outlive a restart, `analyst` turns a recording
into a report, `jobs` runs them. Sound is never kept: a recording that came from an address is fetched again after a
restart, one that was uploaded must be sent again. May import: numpy, `analytic.pipeline`, `analytic.reports`,
`analytic.audio`, `analytic.events`, `analytic.errors`, `analytic.ids`, and the labels of `model`.
"""
