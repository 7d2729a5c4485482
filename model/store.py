# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The taggers installed on this machine: a folder with ``NAME.json`` beside ``NAME-<sha256>.tflite``.

The manifest names its network file by checksum, and is replaced in one step after that file is safely there: whatever
goes wrong on the way, the tagger that was installed before is still whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from model import registry
from model.errors import BadCheckpoint, BadTaggerFile, ConverterMissing, TaggerNotInstalled, UnknownTagger
from model.litert import LiteRtTagger
from model.tagger import TaggerCard

_DIGEST = re.compile(r"-[0-9a-f]{16}$")  # what this folder adds to a network's file name
BUNDLED = Path(__file__).parent / "weights"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Installed:
    """One installed tagger: who it is, its LiteRT file, that file's sha256, and the checkpoint's where known."""

    card: TaggerCard
    path: Path
    sha256: str
    checkpoint_sha256: str | None


class TaggerStore:
    """The models folder, and beside it the folder of taggers that come with the package.

    Parameters
    ----------
    folder
        Where installed taggers live; made on the first installation.
    bundled
        Where the package's own lie, in the same form; by default `BUNDLED`, never written to.
    """

    def __init__(self, folder: Path, bundled: Path | None = None) -> None:
        self.folder = folder
        self._bundled = bundled or BUNDLED

    def installed(self) -> list[Installed]:
        """List what is installed, by name; manifests that cannot be read are left out (`verify` names them)."""
        return _listed(self.folder)

    def bundled(self) -> list[Installed]:
        """List what comes with the package, by name."""
        return _listed(self._bundled)

    def preferred(self) -> str:
        """Return the name of the tagger that speaks where nobody chose one.

        That is the default published one if it is installed, else the first installed, else the first bundled; with
        none of them the default, which `find` then says how to have.
        """
        installed = [tagger.card.name for tagger in self.installed()]
        if registry.DEFAULT in installed:
            return registry.DEFAULT
        return next(iter([*installed, *(tagger.card.name for tagger in self.bundled())]), registry.DEFAULT)

    def find(self, name: str) -> Installed:
        """Return an installed tagger, or a bundled one.

        Raises
        ------
        UnknownTagger, TaggerNotInstalled
            No tagger of that name exists, or none is installed.
        BadTaggerFile
            Its manifest cannot be read.
        """
        if _NAME.fullmatch(name):
            for folder in (self.folder, self._bundled):
                manifest = folder / f"{name}.json"
                if manifest.is_file():
                    return _read(manifest)
            if name not in registry.PUBLISHED:
                known = {*registry.PUBLISHED, *(tagger.card.name for tagger in (*self.installed(), *self.bundled()))}
                raise UnknownTagger(name, sorted(known))
            raise TaggerNotInstalled(name, str(self.folder))
        raise UnknownTagger(name, sorted(registry.PUBLISHED))

    def open(self, name: str, *, lanes: int = 2, threads: int = 1) -> LiteRtTagger:
        """Open an installed tagger, its file checked against its sha256.

        Raises
        ------
        UnknownTagger, TaggerNotInstalled, BadTaggerFile
            As `find`; or the file is not the one that was installed.
        """
        tagger = self.find(name)
        return LiteRtTagger(_checked(tagger), tagger.card, lanes=lanes, threads=threads)

    def verify(self) -> Iterator[tuple[str, str | None]]:
        """Check every installed and bundled tagger: yield its name, and what is wrong with it or None."""
        for manifest in (*sorted(self.folder.glob("*.json")), *sorted(self._bundled.glob("*.json"))):
            try:
                tagger = _read(manifest)
                LiteRtTagger(_checked(tagger), tagger.card, lanes=1)
            except BadTaggerFile as error:
                yield manifest.stem, error.reason
            else:
                yield manifest.stem, None

    def install(self, path: Path, name: str | None = None) -> Installed:
        """Install a published checkpoint (``.pt``) or a converted ``.tflite``.

        Parameters
        ----------
        path
            The file. A checkpoint that the registry knows by its sha256 gets its published name and card. A
            ``.tflite`` keeps the card of the manifest that lies beside it, if that is its own.
        name
            What to call it; by default its published name, else the file's name without its ending.

        Raises
        ------
        BadCheckpoint, BadTaggerFile
            The file cannot be used; nothing was changed.
        ConverterMissing
            A checkpoint, and TensorFlow is not installed; nothing was changed.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BadTaggerFile(str(path), error.strerror or str(error)) from error
        if path.suffix == ".tflite":
            card = _card_beside(path, content) or _local_card(name or _DIGEST.sub("", path.stem), path)
            return self.add(content, replace(card, name=name or card.name))
        digest = hashlib.sha256(content).hexdigest()
        known = registry.by_sha256(digest)
        if known is None and path.name in {tagger.filename for tagger in registry.PUBLISHED.values()}:
            raise BadCheckpoint(str(path), f"its sha256 {digest} is not the published one")
        card = known.card if known and name in (None, known.card.name) else _local_card(name or path.stem, path)
        _check_name(card.name)
        return self.add(convert(path), card, digest)

    def add(self, flatbuffer: bytes, card: TaggerCard, checkpoint_sha256: str | None = None) -> Installed:
        """Put a LiteRT network into the folder, in place of any of the same name.

        Raises
        ------
        BadTaggerFile
            The network does not load, or the name is not of the form ``[a-z0-9][a-z0-9_.-]*``.
        """
        _check_name(card.name)
        LiteRtTagger(flatbuffer, card, lanes=1)
        digest = hashlib.sha256(flatbuffer).hexdigest()
        self.folder.mkdir(parents=True, exist_ok=True)
        network = self.folder / f"{card.name}-{digest[:16]}.tflite"
        _write(network, flatbuffer)
        manifest = {
            "card": asdict(card),
            "file": network.name,
            "sha256": digest,
            "checkpoint_sha256": checkpoint_sha256,
        }
        _write(self.folder / f"{card.name}.json", json.dumps(manifest, indent=2).encode() + b"\n")
        pattern = re.compile(re.escape(card.name) + r"-[0-9a-f]{16}\.tflite")
        for old in self.folder.iterdir():
            if pattern.fullmatch(old.name) and old != network:
                old.unlink(missing_ok=True)
        return Installed(card, network, digest, checkpoint_sha256)


def _listed(folder: Path) -> list[Installed]:
    found = []
    for manifest in sorted(folder.glob("*.json")):
        with contextlib.suppress(BadTaggerFile):
            found.append(_read(manifest))
    return found


def _read(manifest: Path) -> Installed:
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
        card = TaggerCard(**found["card"])
        path = manifest.parent / Path(found["file"]).name
        if "\0" in path.name:
            raise ValueError("the file's name holds a NUL")
        return Installed(card, path, str(found["sha256"]), found.get("checkpoint_sha256"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadTaggerFile(str(manifest), f"unreadable manifest ({error})") from error


def convert(checkpoint: Path) -> bytes:
    """Turn a checkpoint into a LiteRT flatbuffer, in a process of its own, so that TensorFlow never enters this one.

    Raises
    ------
    ConverterMissing
        TensorFlow is not installed.
    BadCheckpoint
        The file cannot be used.
    """
    if find_spec("tensorflow") is None:
        raise ConverterMissing
    with tempfile.TemporaryDirectory(prefix="hearken-convert-") as folder:
        converted = Path(folder) / "network.tflite"
        command = [sys.executable, "-m", "model.convert", str(checkpoint.absolute()), str(converted)]
        run = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent
        )
        if run.returncode or not converted.is_file():
            last = (run.stderr.strip().splitlines() or [f"the converter ended with {run.returncode}"])[-1]
            raise BadCheckpoint(
                str(checkpoint), last.removeprefix(f"cannot use the checkpoint {checkpoint.absolute()}: ")
            )
        return converted.read_bytes()


def _checked(tagger: Installed) -> bytes:
    try:
        content = tagger.path.read_bytes()
    except OSError as error:
        raise BadTaggerFile(str(tagger.path), error.strerror or str(error)) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != tagger.sha256:
        raise BadTaggerFile(str(tagger.path), f"its sha256 is {digest}, installed was {tagger.sha256}")
    return content


def _local_card(name: str, path: Path) -> TaggerCard:
    return TaggerCard(name, "local", f"installed from {path.name}", "unknown", "a file of this machine's owner")


def _card_beside(path: Path, content: bytes) -> TaggerCard | None:
    """Return the card of the manifest beside a converted file, if it is this file's own."""
    manifest = path.with_name(_DIGEST.sub("", path.stem) + ".json")
    with contextlib.suppress(BadTaggerFile):
        found = _read(manifest)
        if found.sha256 == hashlib.sha256(content).hexdigest():
            return found.card
    return None


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadTaggerFile(name, f"a tagger's name is {_NAME.pattern}")


def _write(path: Path, content: bytes) -> None:
    """Write whole or not at all: a temporary file beside it, flushed to disk, then renamed over it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
