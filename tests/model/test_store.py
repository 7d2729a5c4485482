# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model import registry, store
from model.errors import BadCheckpoint, BadTaggerFile, ConverterMissing, TaggerNotInstalled, UnknownTagger
from model.litert import LiteRtTagger
from model.store import Installed, TaggerStore
from model.tagger import TaggerCard
from tests.model.torchfile import save

CARD = TaggerCard("tiny", "1", "made-up weights", "MIT", "tests")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "models"


@pytest.fixture
def taggers(folder: Path) -> TaggerStore:
    """A models folder that does not exist yet."""
    return TaggerStore(folder)


@pytest.fixture
def full(taggers: TaggerStore, tiny_flatbuffer: bytes) -> TaggerStore:
    """A models folder with the tagger ``tiny``."""
    taggers.add(tiny_flatbuffer, CARD)
    return taggers


@pytest.fixture(scope="session")
def other_flatbuffer(tiny_flatbuffer: bytes) -> bytes:
    """`tiny_flatbuffer` with another word in its description, and so with another sha256."""
    changed = tiny_flatbuffer.replace(b"MLIR Converted.", b"MLIR Confected.")
    assert changed != tiny_flatbuffer
    return changed


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def test_an_empty_folder_has_nothing_installed(taggers: TaggerStore, folder: Path) -> None:
    assert taggers.installed() == []
    assert list(taggers.verify()) == []
    assert not folder.exists()


def test_a_known_tagger_that_is_not_installed_says_where_and_how(taggers: TaggerStore, folder: Path) -> None:
    with pytest.raises(TaggerNotInstalled) as error:
        taggers.find("mn04_as")
    assert (error.value.name, error.value.folder) == ("mn04_as", str(folder))


@pytest.mark.parametrize("name", ["mn99", "", "../mn04_as", "a/b", "MN04_AS", "x\0y", "mn04_as\n"])
def test_a_name_that_nobody_knows_is_refused(taggers: TaggerStore, name: str) -> None:
    with pytest.raises(UnknownTagger):
        taggers.find(name)


def test_a_name_cannot_lead_out_of_the_folder(full: TaggerStore, folder: Path) -> None:
    shutil.copy(folder / "tiny.json", folder.parent / "tiny.json")
    with pytest.raises(UnknownTagger):
        full.find("../tiny")


def test_what_was_added_is_found_listed_verified_and_opened(
    taggers: TaggerStore, tiny_flatbuffer: bytes, tiny: LiteRtTagger, noise: NDArray[np.float32]
) -> None:
    added = taggers.add(tiny_flatbuffer, CARD, "c" * 64)
    digest = hashlib.sha256(tiny_flatbuffer).hexdigest()
    assert added == Installed(CARD, taggers.folder / f"tiny-{digest[:16]}.tflite", digest, "c" * 64)
    assert taggers.find("tiny") == added
    assert taggers.installed() == [added]
    assert list(taggers.verify()) == [("tiny", None)]
    opened = taggers.open("tiny", lanes=1)
    assert opened.card == CARD
    assert np.abs(opened.tag(noise).scores - tiny.tag(noise).scores).max() < 1e-5


def test_the_folder_holds_a_manifest_beside_the_network_and_nothing_else(
    full: TaggerStore, tiny_flatbuffer: bytes
) -> None:
    digest = hashlib.sha256(tiny_flatbuffer).hexdigest()
    files = content(full.folder)
    assert sorted(files) == [f"tiny-{digest[:16]}.tflite", "tiny.json"]
    assert files[f"tiny-{digest[:16]}.tflite"] == tiny_flatbuffer
    manifest = json.loads(files["tiny.json"])
    assert manifest["card"]["name"] == "tiny"
    assert (manifest["sha256"], manifest["checkpoint_sha256"]) == (digest, None)


def test_installed_files_may_be_read_by_everyone_and_written_by_their_owner(full: TaggerStore) -> None:
    assert {path.stat().st_mode & 0o777 for path in full.folder.iterdir()} == {0o644}


def test_taggers_are_listed_by_name(taggers: TaggerStore, tiny_flatbuffer: bytes) -> None:
    for name in ("b", "c", "a"):
        taggers.add(tiny_flatbuffer, TaggerCard(name, "1", "", "", ""))
    assert [tagger.card.name for tagger in taggers.installed()] == ["a", "b", "c"]
    assert list(taggers.verify()) == [("a", None), ("b", None), ("c", None)]


@pytest.mark.parametrize("name", ["", "A", ".hidden", "-x", "a b", "a/b", "../a", "ä", "a\n", "x" * 65, "a\0"])
def test_a_name_of_another_form_is_refused_before_anything_is_written(
    taggers: TaggerStore, folder: Path, name: str
) -> None:
    with pytest.raises(BadTaggerFile, match="a tagger's name is"):
        taggers.add(b"", TaggerCard(name, "1", "", "", ""))
    assert not folder.exists()


@pytest.mark.parametrize("name", ["a", "0", "mn04_as", "my-home.v2", "x" * 64])
def test_a_name_of_the_form_is_taken(taggers: TaggerStore, tiny_flatbuffer: bytes, name: str) -> None:
    taggers.add(tiny_flatbuffer, TaggerCard(name, "1", "", "", ""))
    assert taggers.find(name).card.name == name


def test_a_network_that_does_not_load_changes_nothing(full: TaggerStore) -> None:
    before = content(full.folder)
    with pytest.raises(BadTaggerFile, match="no LiteRT model"):
        full.add(b"not a model", CARD)
    assert content(full.folder) == before


def test_a_tagger_is_replaced_by_another_of_its_name(full: TaggerStore, other_flatbuffer: bytes) -> None:
    full.add(other_flatbuffer, TaggerCard("tiny", "2", "", "", ""))
    digest = hashlib.sha256(other_flatbuffer).hexdigest()
    assert full.find("tiny").card.version == "2"
    assert sorted(content(full.folder)) == [f"tiny-{digest[:16]}.tflite", "tiny.json"]
    assert list(full.verify()) == [("tiny", None)]


def test_the_same_tagger_may_be_added_again(full: TaggerStore, tiny_flatbuffer: bytes) -> None:
    before = content(full.folder)
    full.add(tiny_flatbuffer, CARD)
    assert content(full.folder) == before


def test_replacing_one_tagger_leaves_those_with_a_longer_name(full: TaggerStore, tiny_flatbuffer: bytes) -> None:
    for name in ("tiny-2", "tiny.3", "tinyx"):
        full.add(tiny_flatbuffer, TaggerCard(name, "1", "", "", ""))
    full.add(tiny_flatbuffer, TaggerCard("tiny", "2", "", "", ""))
    assert [wrong for _, wrong in full.verify()] == [None] * 4


class Failure(Exception):
    """What goes wrong on the way."""


@pytest.mark.parametrize("step", ["network", "manifest", "flush", "rename of the network", "rename of the manifest"])
def test_an_installation_that_fails_on_the_way_leaves_the_old_tagger_whole(
    full: TaggerStore, other_flatbuffer: bytes, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = content(full.folder)
    write, replace = store._write, Path.replace

    def failing_write(path: Path, data: bytes) -> None:
        if path.suffix == {"network": ".tflite", "manifest": ".json"}[step]:
            raise Failure
        write(path, data)

    def failing_replace(path: Path, target: Path) -> Path:
        if target.suffix == {"rename of the network": ".tflite", "rename of the manifest": ".json"}[step]:
            raise Failure
        return replace(path, target)

    def failing_flush(handle: int) -> None:
        raise Failure

    with monkeypatch.context() as patch:
        if step == "flush":
            patch.setattr(os, "fsync", failing_flush)
        elif step.startswith("rename"):
            patch.setattr(Path, "replace", failing_replace)
        else:
            patch.setattr(store, "_write", failing_write)
        with pytest.raises(Failure):
            full.add(other_flatbuffer, TaggerCard("tiny", "2", "", "", ""))
    after = content(full.folder)
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name.startswith(".")]
    assert full.find("tiny").card == CARD
    assert list(full.verify()) == [("tiny", None)]
    full.add(other_flatbuffer, TaggerCard("tiny", "2", "", "", ""))
    assert len(content(full.folder)) == 2


def test_a_first_installation_that_fails_installs_nothing(
    taggers: TaggerStore, tiny_flatbuffer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(handle: int) -> None:
        raise Failure

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(Failure):
        taggers.add(tiny_flatbuffer, CARD)
    assert content(taggers.folder) == {}
    assert taggers.installed() == []


def test_a_flipped_byte_is_found(full: TaggerStore) -> None:
    path = full.find("tiny").path
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    digest = hashlib.sha256(raw).hexdigest()
    ((name, wrong),) = full.verify()
    assert (name, wrong) == ("tiny", f"its sha256 is {digest}, installed was {full.find('tiny').sha256}")
    with pytest.raises(BadTaggerFile, match=f"its sha256 is {digest}"):
        full.open("tiny")


def test_a_missing_network_is_found(full: TaggerStore) -> None:
    full.find("tiny").path.unlink()
    assert list(full.verify()) == [("tiny", "No such file or directory")]
    with pytest.raises(BadTaggerFile, match="No such file or directory"):
        full.open("tiny")


BAD_MANIFESTS = [
    "",
    "{",
    "[]",
    "null",
    '"text"',
    "{}",
    '{"card": {}, "file": "x", "sha256": "y"}',
    '{"card": [], "file": "x", "sha256": "y"}',
    '{"card": {"name": "tiny", "version": "1", "description": "", "licence": "", "source": "", "more": 1}}',
    '{"card": {"name": "t", "version": "1", "description": "", "licence": "", "source": ""}, "file": 3, "sha256": ""}',
    "\udcff",
]


@pytest.mark.parametrize("manifest", BAD_MANIFESTS)
def test_a_bad_manifest_is_named_by_verify_left_out_of_the_list_and_refused(
    full: TaggerStore, tiny_flatbuffer: bytes, manifest: str
) -> None:
    full.add(tiny_flatbuffer, TaggerCard("good", "1", "", "", ""))
    (full.folder / "tiny.json").write_bytes(manifest.encode(errors="surrogateescape"))
    assert [tagger.card.name for tagger in full.installed()] == ["good"]
    (good, bad) = full.verify()
    assert good == ("good", None)
    assert bad[0] == "tiny"
    assert (bad[1] or "").startswith("unreadable manifest (")
    with pytest.raises(BadTaggerFile, match="unreadable manifest"):
        full.find("tiny")


@pytest.mark.parametrize("file", ["../../outside.tflite", "/etc/passwd", "..", "", "no\0file"])
def test_a_manifest_cannot_name_a_file_outside_the_folder(full: TaggerStore, tiny_flatbuffer: bytes, file: str) -> None:
    (full.folder.parent.parent / "outside.tflite").write_bytes(tiny_flatbuffer)
    manifest = json.loads((full.folder / "tiny.json").read_text())
    (full.folder / "tiny.json").write_text(json.dumps(manifest | {"file": file}))
    ((name, wrong),) = full.verify()
    assert name == "tiny"
    assert wrong is not None


def test_a_converted_file_is_installed_under_its_name(
    taggers: TaggerStore, tmp_path: Path, tiny_flatbuffer: bytes
) -> None:
    path = tmp_path / "homemade.tflite"
    path.write_bytes(tiny_flatbuffer)
    installed = taggers.install(path)
    assert installed.card == TaggerCard(
        "homemade", "local", "installed from homemade.tflite", "unknown", "a file of this machine's owner"
    )
    assert installed.checkpoint_sha256 is None
    assert taggers.find("homemade") == installed


def test_a_converted_file_may_be_given_another_name(
    taggers: TaggerStore, tmp_path: Path, tiny_flatbuffer: bytes
) -> None:
    path = tmp_path / "Some File.tflite"
    path.write_bytes(tiny_flatbuffer)
    with pytest.raises(BadTaggerFile, match="a tagger's name is"):
        taggers.install(path)
    assert taggers.install(path, "kitchen").card.name == "kitchen"


def test_a_file_is_called_by_its_name_without_its_ending(
    taggers: TaggerStore, tmp_path: Path, tiny_flatbuffer: bytes
) -> None:
    path = tmp_path / "front-door.tflite"
    path.write_bytes(tiny_flatbuffer)
    assert taggers.install(path).card.name == "front-door"


def test_an_installed_network_moves_to_another_machine_by_its_file(
    full: TaggerStore, tmp_path: Path, tiny_flatbuffer: bytes
) -> None:
    moved = TaggerStore(tmp_path / "elsewhere").install(full.find("tiny").path)
    assert moved.card.name == "tiny"
    assert moved.sha256 == full.find("tiny").sha256


def test_installing_a_converted_file_again_replaces_it(
    taggers: TaggerStore, tmp_path: Path, tiny_flatbuffer: bytes, other_flatbuffer: bytes
) -> None:
    path = tmp_path / "homemade.tflite"
    path.write_bytes(tiny_flatbuffer)
    taggers.install(path)
    path.write_bytes(other_flatbuffer)
    taggers.install(path)
    assert taggers.find("homemade").sha256 == hashlib.sha256(other_flatbuffer).hexdigest()
    assert len(content(taggers.folder)) == 2


def test_a_file_that_is_not_there_is_refused(taggers: TaggerStore, tmp_path: Path) -> None:
    with pytest.raises(BadTaggerFile, match="No such file or directory"):
        taggers.install(tmp_path / "nothing.tflite")
    with pytest.raises(BadTaggerFile, match="Is a directory"):
        taggers.install(tmp_path)


def test_a_published_name_with_other_content_is_refused(taggers: TaggerStore, tmp_path: Path) -> None:
    path = tmp_path / "mn04_as_mAP_432.pt"
    path.write_bytes(b"tampered")
    digest = hashlib.sha256(b"tampered").hexdigest()
    with pytest.raises(BadCheckpoint, match=f"its sha256 {digest} is not the published one"):
        taggers.install(path)
    assert content(taggers.folder) == {}


def test_a_checkpoint_without_tensorflow_says_in_one_line_what_is_missing(
    taggers: TaggerStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("the converter was started"))
    path = tmp_path / "other.pt"
    path.write_bytes(b"")
    with pytest.raises(ConverterMissing) as error:
        taggers.install(path)
    assert "\n" not in str(error.value)
    assert content(taggers.folder) == {}


def test_a_checkpoint_that_the_registry_knows_gets_its_published_name_and_card(
    taggers: TaggerStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_flatbuffer: bytes
) -> None:
    published = registry.PublishedTagger(CARD, "tiny.pt", "", hashlib.sha256(b"checkpoint").hexdigest(), 10, 0.0)
    monkeypatch.setitem(registry.PUBLISHED, "tiny", published)
    monkeypatch.setattr(store, "convert", lambda path: tiny_flatbuffer)
    path = tmp_path / "renamed.pt"
    path.write_bytes(b"checkpoint")
    installed = taggers.install(path)
    assert installed.card == CARD
    assert installed.checkpoint_sha256 == published.sha256
    other = taggers.install(path, "mine")
    assert (other.card.name, other.card.version) == ("mine", "local")


def test_a_checkpoint_that_nobody_knows_is_local(
    taggers: TaggerStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_flatbuffer: bytes
) -> None:
    monkeypatch.setattr(store, "convert", lambda path: tiny_flatbuffer)
    path = tmp_path / "mine.pt"
    path.write_bytes(b"mine")
    installed = taggers.install(path, "mn04_as")
    assert (installed.card.name, installed.card.version, installed.card.licence) == ("mn04_as", "local", "unknown")


@pytest.mark.slow
def test_a_checkpoint_is_converted_in_a_process_of_its_own(
    taggers: TaggerStore,
    tmp_path: Path,
    tiny_tensors: dict[str, NDArray[Any]],
    tiny: LiteRtTagger,
    noise: NDArray[np.float32],
) -> None:
    path = save(tmp_path / "tiny.pt", tiny_tensors)
    installed = taggers.install(path)
    assert installed.checkpoint_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert installed.card.name == "tiny"
    assert np.abs(taggers.open("tiny", lanes=1).tag(noise).scores - tiny.tag(noise).scores).max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("relative", [False, True])
def test_a_checkpoint_that_cannot_be_used_gives_one_sentence_and_changes_nothing(
    taggers: TaggerStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    pytest.importorskip("tensorflow", reason="turning a checkpoint into LiteRT needs the tensorflow extra")
    (tmp_path / "bad.pt").write_bytes(b"no checkpoint")
    monkeypatch.chdir(tmp_path)
    path = Path("bad.pt") if relative else tmp_path / "bad.pt"
    with pytest.raises(BadCheckpoint) as error:
        taggers.install(path)
    assert str(error.value) == f"cannot use the checkpoint {path}: not a readable zip archive (File is not a zip file)"
    assert content(taggers.folder) == {}


def test_a_converter_that_dies_is_reported(
    taggers: TaggerStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "find_spec", lambda name: object())
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, -11, stdout="", stderr="")
    )
    (tmp_path / "a.pt").write_bytes(b"")
    with pytest.raises(BadCheckpoint, match="the converter ended with -11"):
        taggers.install(tmp_path / "a.pt")


def test_the_store_does_not_import_tensorflow() -> None:
    code = "import sys, model.store; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=Path(store.__file__).parents[1], check=False)
    assert run.returncode == 0


def test_the_published_checkpoint_is_installed_under_its_card(mn04: Installed, models_dir: Path) -> None:
    published = registry.published("mn04_as")
    assert mn04.card == published.card
    assert mn04.checkpoint_sha256 == published.sha256
    assert list(TaggerStore(models_dir).verify()) == [("mn04_as", None)]


def test_the_published_checkpoint_with_a_flipped_byte_is_refused(
    taggers: TaggerStore, tmp_path: Path, weights: Path
) -> None:
    raw = bytearray((weights / "mn04_as_mAP_432.pt").read_bytes())
    raw[-1000] ^= 1
    (tmp_path / "mn04_as_mAP_432.pt").write_bytes(raw)
    with pytest.raises(BadCheckpoint, match="is not the published one"):
        taggers.install(tmp_path / "mn04_as_mAP_432.pt")


class TestBundled:
    """What comes with the package, in a folder of the same form as the installed ones."""

    @pytest.fixture
    def bundled(self, tmp_path: Path, tiny_flatbuffer: bytes) -> Path:
        folder = tmp_path / "bundled"
        TaggerStore(folder, tmp_path / "none").add(tiny_flatbuffer, TaggerCard("small", "1", "", "", ""))
        return folder

    def test_it_is_found_and_opened_where_nothing_is_installed(self, tmp_path: Path, bundled: Path) -> None:
        store = TaggerStore(tmp_path / "models", bundled)
        assert store.installed() == []
        assert [tagger.card.name for tagger in store.bundled()] == ["small"]
        assert store.preferred() == "small"
        assert store.open("small").card.version == "1"
        assert list(store.verify()) == [("small", None)]

    def test_an_installed_one_is_preferred_and_the_default_one_most(
        self, tmp_path: Path, bundled: Path, tiny_flatbuffer: bytes
    ) -> None:
        store = TaggerStore(tmp_path / "models", bundled)
        store.add(tiny_flatbuffer, TaggerCard("zebra", "1", "", "", ""))
        assert store.preferred() == "zebra"
        store.add(tiny_flatbuffer, TaggerCard("mn04_as", "1", "", "", ""))
        assert store.preferred() == "mn04_as"

    def test_an_installed_one_of_its_name_hides_it(self, tmp_path: Path, bundled: Path, tiny_flatbuffer: bytes) -> None:
        store = TaggerStore(tmp_path / "models", bundled)
        store.add(tiny_flatbuffer, TaggerCard("small", "2", "", "", ""))
        assert store.find("small").card.version == "2"

    def test_without_any_the_default_one_is_asked_for(self, tmp_path: Path) -> None:
        assert TaggerStore(tmp_path / "models", tmp_path / "none").preferred() == "mn04_as"


class TestNames:
    """What an installed file is called, and whose card it gets."""

    def test_a_name_of_another_form_is_refused_before_anything_is_converted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "My Tagger.pt"
        path.write_bytes(b"any")
        monkeypatch.setattr("model.store.convert", lambda _path: pytest.fail("it was converted"))
        with pytest.raises(BadTaggerFile, match="name"):
            TaggerStore(tmp_path / "models").install(path)

    def test_a_converted_file_named_like_a_published_tagger_does_not_get_its_card(
        self, tmp_path: Path, tiny_flatbuffer: bytes
    ) -> None:
        path = tmp_path / "mn04_as.tflite"
        path.write_bytes(tiny_flatbuffer)
        card = TaggerStore(tmp_path / "models").install(path).card
        assert (card.name, card.version, card.licence) == ("mn04_as", "local", "unknown")

    def test_a_converted_file_keeps_the_card_that_travels_beside_it(
        self, tmp_path: Path, tiny_flatbuffer: bytes
    ) -> None:
        made = TaggerStore(tmp_path / "here").add(tiny_flatbuffer, TaggerCard("mine", "7", "", "MIT", "me"))
        assert TaggerStore(tmp_path / "there").install(made.path).card == made.card
