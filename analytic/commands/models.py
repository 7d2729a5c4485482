# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken model``: which taggers there are, and having one."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from analytic.errors import InvalidParameter
from model import registry
from model.errors import BadTaggerFile, ConverterMissing, UnknownTagger
from model.fetch import fetched
from model.registry import PUBLISHED, published
from model.store import Installed, TaggerStore


def show(folder: Path) -> None:
    """Print the known taggers and the installed ones."""
    store = TaggerStore(folder)
    installed = {tagger.card.name: tagger for tagger in store.installed()}
    table = Table(box=None, pad_edge=False)
    for column in ("name", "installed", "AudioSet mAP", "description"):
        table.add_column(column, overflow="fold")
    for name, tagger in PUBLISHED.items():
        state = "yes" if name in installed else "no"
        table.add_row(name, state, f"{tagger.audioset_map:.3f}", tagger.card.description)
    for local in installed.values():
        if local.card.name not in PUBLISHED:
            table.add_row(local.card.name, "yes", "", local.card.description)
    for bundled in store.bundled():
        table.add_row(bundled.card.name, "bundled", "", bundled.card.description)
    console = Console()
    console.print(table)
    console.print(f"without a choice speaks: {store.preferred()}", highlight=False)
    console.print(f"models folder: {folder}", soft_wrap=True, highlight=False)


def fetch(folder: Path, name: str) -> None:
    """Download, check, convert and install a published tagger.

    Raises
    ------
    ModelError
        At any step; what was installed before is untouched.
    """
    tagger = published(name)
    if find_spec("tensorflow") is None:
        raise ConverterMissing
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"fetching {name}", total=tagger.size_bytes)
        with fetched(tagger, lambda done, total: progress.update(task, completed=done, total=total)) as path:
            progress.update(task, description=f"converting {name}")
            installed = TaggerStore(folder).install(path)
    _report(installed)


def install(folder: Path, name_or_file: str, weights: Path | None) -> None:
    """Install a file, or the published checkpoint of that name in the folder `weights`.

    Raises
    ------
    ModelError
        At any step; what was installed before is untouched.
    """
    path = Path(name_or_file)
    if not path.is_file():
        if name_or_file not in PUBLISHED and path.suffix in (".pt", ".tflite"):
            raise BadTaggerFile(name_or_file, "there is no such file")
        path = _published_file(name_or_file, weights)
    _report(TaggerStore(folder).install(path))


def _published_file(name: str, weights: Path | None) -> Path:
    if name not in PUBLISHED:
        raise UnknownTagger(name, [*sorted(PUBLISHED), "or the path of a .pt or .tflite file"])
    filename = registry.published(name).filename
    if weights is None:
        raise BadTaggerFile(filename, "HEARKEN_WEIGHTS names no folder to look in; give the file's path, or fetch it")
    if not (weights / filename).is_file():
        raise BadTaggerFile(str(weights / filename), "there is no such file")
    return weights / filename


def verify(folder: Path) -> bool:
    """Check every installed tagger against its sha256, and load it; return whether all are well."""
    well = True
    console = Console()
    for name, fault in TaggerStore(folder).verify():
        well = well and fault is None
        console.print(f"{name}: {fault or 'ok'}", style=None if fault is None else "red", markup=False, soft_wrap=True)
    return well


def evaluate(folder: Path, name: str, data: Path, reference: str | None, split: str, out: Path) -> None:
    """Measure a tagger on labelled recordings, and write what was found.

    Raises
    ------
    ModelError
        No such tagger.
    InvalidParameter
        The data cannot be used, or what measures and draws is not installed.
    """
    try:
        from model.evaluate import evaluate as measure
        from model.evaluate import write
    except ImportError as error:
        raise InvalidParameter(
            "installation", 'the evaluate extra: pip install "hearken[evaluate]"', str(error.name)
        ) from error
    store = TaggerStore(folder)
    tagger = store.open(name, lanes=1)
    other = store.open(reference, lanes=1) if reference else None
    try:
        results = measure(tagger, data, other, split=None if split == "all" else split)
    except (OSError, ValueError, KeyError) as error:
        raise InvalidParameter("data", f"recordings and their manifest.csv ({error})", str(data)) from error
    for path in write(results, out):
        Console().print(str(path), soft_wrap=True, highlight=False)


def _report(installed: Installed) -> None:
    Console().print(
        f"installed {installed.card.name} ({installed.path.stat().st_size / 1e6:.1f} MB) in {installed.path.parent}",
        soft_wrap=True,
        highlight=False,
    )
