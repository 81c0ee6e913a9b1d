"""Uploads: whole, verified, gone again where the rest failed; to a folder, to memory, to the store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from pydantic import BaseModel

from stages.core.blobs import BlobStore, using
from stages.core.cache import BlobCache
from stages.core.context import RuntimeContext
from stages.core.digests import digest_of
from stages.core.errors import ContractError, EncodeError, InputError, StoreError, UsageError
from stages.core.scratch import ScratchStore, scratch_blobs
from stages.datatypes import Dataset
from stages.plugins import BaseUploadAction, UploadContext, UploadFiles
from stages.steps import BaseStep, StepFailed, StepRegistry, StepResult, ValidationStep
from tests.unit.harness import make_context, run_stage

FILES = {"a.txt": b"first", "b [1].txt": b"second " * 1000, "c.txt": b"third"}


class SendParams(BaseModel):
    source: str
    destination: str = ""
    fails: bool = False


class Organize(BaseStep[UploadContext]):
    name = "validation"

    def execute(self, context: UploadContext) -> StepResult:
        for file in sorted(Path(context.params.source).iterdir()):
            context.organize(file, f"inner/{file.name}")
        return StepResult()


class Finish(BaseStep[UploadContext]):
    name = "finalization"

    def execute(self, context: UploadContext) -> StepResult:
        context.data_units = [{"name": file.path, "digest": file.digest} for file in context.uploaded_files]
        return StepResult(success=not context.params.fails, error="the catalogue is closed")


class SendAction(BaseUploadAction[SendParams]):
    def setup_steps(self, registry: StepRegistry[UploadContext]) -> None:
        registry.register(Organize())
        registry.register(ValidationStep(lambda context: len(context.organized_files) > 0, name="some"))
        registry.register(UploadFiles())
        registry.register(Finish())


class Bucket(ScratchStore):
    """A store that stands for one which stays."""


def blobs_in(folder: Path) -> BlobStore:
    return BlobStore(Bucket(), BlobCache(folder / "cache", 1 << 20))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(params=["file", "path", "memory", "store"])
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    kinds = {"file": f"file://{tmp_path}/there", "path": f"{tmp_path}/there", "memory": "memory://there", "store": ""}
    yield kinds[request.param]
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def lies_at(destination: str, blobs: BlobStore) -> dict[str, bytes]:
    """All files at a destination; folders that hold nothing count as files of nothing."""
    if not destination:
        keys = list(blobs.store.list("jobs/"))
        return {key.removeprefix("jobs/test-job/uploads/"): blobs.store.get(key) for key in keys}
    filesystem, root = fsspec.core.url_to_fs(destination)
    if not filesystem.exists(root):
        return {}
    found = filesystem.find(root, withdirs=True)
    names = {path: path.removeprefix(root).lstrip("/") for path in found}
    return {name: filesystem.cat_file(path) for path, name in names.items() if filesystem.isfile(path)} | {
        name: b"" for path, name in names.items() if filesystem.isdir(path) and not filesystem.ls(path)
    }


def test_all_files_are_there_and_told_of(source: Path, destination: str, tmp_path: Path) -> None:
    blobs = blobs_in(tmp_path)
    given = {"source": str(source), "destination": destination}
    written, _ = run_stage(SendAction.definition(), given, {}, tmp_path, blobs)
    assert lies_at(destination, blobs) == {f"inner/{name}": content for name, content in FILES.items()}
    told = written["output"]["uploaded_files"]
    assert [(one["path"], one["digest"], one["size"], one["was_there"]) for one in told] == [
        (f"inner/{name}", digest_of(content), len(content), False) for name, content in sorted(FILES.items())
    ]
    assert all(one["uri"].endswith(one["path"]) and "://" in one["uri"] for one in told)
    assert [unit["name"] for unit in written["output"]["data_units"]] == [one["path"] for one in told]


def test_when_a_later_step_fails_they_are_gone_but_for_those_that_were_there(
    source: Path, destination: str, tmp_path: Path
) -> None:
    blobs = blobs_in(tmp_path)
    run = {"source": str(source), "destination": destination}
    with pytest.raises(StepFailed, match=r"catalogue is closed .*rolled back: upload"):
        run_stage(SendAction.definition(), {**run, "fails": True}, {}, tmp_path, blobs)
    assert lies_at(destination, blobs) == {}
    with using(blobs):
        before = UploadContext(make_context(), destination=destination)
        before.upload(source / "a.txt", "inner/a.txt")
    with pytest.raises(StepFailed):
        run_stage(SendAction.definition(), {**run, "fails": True}, {}, tmp_path, blobs)
    assert lies_at(destination, blobs) == {"inner/a.txt": b"first"}
    again, _ = run_stage(SendAction.definition(), run, {}, tmp_path, blobs)
    assert [one["was_there"] for one in again["output"]["uploaded_files"]] == [True, False, False]
    assert len(lies_at(destination, blobs)) == 3


def test_another_content_is_not_overwritten_and_the_rest_is_gone(
    source: Path, destination: str, tmp_path: Path
) -> None:
    blobs = blobs_in(tmp_path)
    (tmp_path / "other").write_bytes(b"theirs")
    with using(blobs):
        UploadContext(make_context(), destination=destination).upload(tmp_path / "other", "inner/c.txt")
    with pytest.raises(StepFailed, match=r"inner/c\.txt is there already, with another content"):
        run_stage(SendAction.definition(), {"source": str(source), "destination": destination}, {}, tmp_path, blobs)
    assert lies_at(destination, blobs) == {"inner/c.txt": b"theirs"}


def test_what_arrives_damaged_never_has_the_name_and_the_rest_is_gone(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def cut_short(self: MemoryFileSystem, local: str, remote: str) -> None:
        """As a server might that reports success."""
        data = Path(local).read_bytes()
        given.append(remote)
        self.pipe_file(remote, data[:3] if local.endswith("c.txt") else data)

    monkeypatch.setattr(MemoryFileSystem, "put_file", cut_short)
    with pytest.raises(StepFailed, match=r"inner/c\.txt holds other bytes than .*c\.txt had"):
        run_stage(SendAction.definition(), {"source": str(source), "destination": "memory://there"}, {}, tmp_path)
    assert len(given) == 3
    assert not [path for path in given if path.endswith(".txt")]
    assert lies_at("memory://there", blobs_in(tmp_path)) == {}


def test_an_action_without_steps_leaves_nothing_either(source: Path, tmp_path: Path) -> None:
    class PlainAction(BaseUploadAction[SendParams]):
        def execute(self) -> Any:
            for file in sorted(source.iterdir()):
                self.context.upload(file)
            if self.params.fails:
                raise ValueError("no")
            return {"files": [file.uri for file in self.context.uploaded_files]}

    there = tmp_path / "there"
    ctx = RuntimeContext(logging.getLogger("test"), {})
    with pytest.raises(ValueError, match="no"):
        PlainAction({"source": "", "destination": str(there), "fails": True}, ctx).run()
    assert not there.exists()
    assert len(PlainAction({"source": "", "destination": str(there)}, ctx).run()["files"]) == 3
    assert sorted(path.name for path in there.iterdir()) == sorted(FILES)
    assert PlainAction.definition().pure is False


class UnfitParams(SendParams):
    gives: str = ""


class UnfitAction(BaseUploadAction[UnfitParams]):
    def execute(self) -> Any:
        self.context.upload(Path(self.params.source) / "a.txt")
        given = {"path": Path("x"), "files": [{"count": 1}], "unfit": {"files": {1: 2}}}
        return {"data_units": [given[self.params.gives]]}


class NoDatasetAction(UnfitAction):
    output_type = Dataset


@pytest.mark.parametrize(
    ("action", "gives", "told"),
    [
        (UnfitAction, "path", r"'unfit': its result at data_units\[0\] is a \w*Path, which has no form of its own"),
        (UnfitAction, "unfit", r"its result at data_units\[0\]\.files has the key 1; keys must be text"),
        (NoDatasetAction, "files", "declares to write a Dataset, and gave a dict"),
    ],
)
def test_when_the_result_cannot_be_kept_nothing_is_left(
    action: type[BaseUploadAction[Any]], gives: str, told: str, source: Path, tmp_path: Path
) -> None:
    given = {"source": str(source), "destination": f"{tmp_path}/there", "gives": gives}
    with pytest.raises((EncodeError, ContractError), match=told):
        run_stage(action.definition(), given, {}, tmp_path)
    assert not (tmp_path / "there").exists()
    if action is UnfitAction:
        written, _ = run_stage(action.definition(), {**given, "gives": "files"}, {}, tmp_path)
        assert written["output"] == {"data_units": [[{"count": 1}]]}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://example.org/files", "nothing can be uploaded there"),
        ("simplecache::memory://x", "nothing can be uploaded there"),
        ("nowhere://x", "nowhere://x/: nothing can be uploaded there: Protocol not known: nowhere"),
        ("s3:///x", "names no bucket"),
    ],
)
def test_an_address_that_cannot_be_written_to_is_refused(source: Path, address: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        UploadContext(make_context(), destination=address).upload(source / "a.txt")


def test_without_a_store_there_is_no_place_but_a_named_one(source: Path, tmp_path: Path) -> None:
    for blobs in (None, scratch_blobs()):
        with using(blobs) if blobs else nullcontext(), pytest.raises(UsageError, match="no store to upload to"):
            UploadContext(make_context()).upload(source / "a.txt")


def test_files_and_paths_that_cannot_be_are_refused(source: Path, tmp_path: Path) -> None:
    context = UploadContext(make_context(), destination=f"{tmp_path}/there")
    with pytest.raises(InputError, match=r"nowhere\.txt cannot be uploaded"):
        context.upload(source / "nowhere.txt")
    for path in ("../out.txt", "/out.txt", "a//b"):
        with pytest.raises(UsageError, match="nothing is uploaded"):
            context.upload(source / "a.txt", path)
    context.organize(source / "a.txt", "x.txt")
    context.organized_files.append((source / "c.txt", "X.txt"))
    with pytest.raises(UsageError, match=r"would meet 'x\.txt'"):
        context.upload_all()
    assert not (tmp_path / "there").exists()


def test_what_cannot_be_removed_again_is_told(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = UploadContext(make_context(), destination="memory://closed")
    context.upload(source / "a.txt")

    def closed(self: MemoryFileSystem, path: str) -> None:
        raise PermissionError("read only")

    monkeypatch.setattr(MemoryFileSystem, "rm_file", closed)
    with pytest.raises(StoreError, match=r"not removed again after a failure: memory://closed/a\.txt .*read only"):
        context.undo_uploads()
    monkeypatch.undo()
    fsspec.filesystem("memory").rm("/closed", recursive=True)


def test_a_password_in_an_address_is_told_to_nobody(source: Path) -> None:
    context = UploadContext(make_context(), destination="memory://user:secret@host/folder")
    assert "secret" not in context.upload(source / "a.txt").uri
    context.undo_uploads()
