"""The index of a tree in the store: one entry a file, as columns in a blob beside the envelope."""

from __future__ import annotations

import json
import re
from typing import Any

from stages.core.blobs import BlobRef, BlobStore, is_ref
from stages.core.datatype import Json
from stages.core.digests import canonical, digest_of_json
from stages.core.errors import EnvelopeDamaged
from stages.datatypes.in_shards import InShards
from stages.datatypes.tree_file import Place, TreeFile
from stages.datatypes.tree_folder import InFolder
from stages.datatypes.tree_on_s3 import OnS3
from stages.datatypes.tree_paths import faults_of

FORMAT = 1

_DIGEST = re.compile("sha256:[0-9a-f]{64}")


def index_of(files: list[TreeFile], blobs: BlobStore) -> dict[str, Json]:
    """Files of known digests, in order of path, as JSON: how many, what they hold, the index and the shards."""
    shards: dict[str, BlobRef] = {}
    for file in files:
        if isinstance(file.place, InShards):
            shards |= {ref["blob"]: ref for ref in file.place.refs}
    number = {digest: place for place, digest in enumerate(shards)}
    rows = [[file.path, file.size, file.digest, _as_json(file.place, number)] for file in files]
    return {
        "files": len(files),
        "bytes": sum(file.size for file in files),
        "content": _content(files),
        "index": blobs.put(canonical({"format": FORMAT, "files": rows}), "application/json"),
        "shards": list(shards.values()),
    }


def read_index(data: Json, blobs: BlobStore) -> list[TreeFile]:
    """The files of which `index_of` gave the JSON. Raises EnvelopeDamaged for what it cannot have given."""
    content = json.loads(blobs.get(data["index"]))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise _damaged(data, f"has format {found!r}; this version of Stagewright reads format {FORMAT}")
    try:
        files = [_file(row, data["shards"], blobs) for row in content["files"]]
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise _damaged(data, f"has an entry that cannot be read ({error})") from None
    for path, why in faults_of([file.path for file in files]):
        raise _damaged(data, f"has the path {path!r}, which {why}")
    if _content(files) != data["content"]:
        raise _damaged(data, "is not that of the files that were written")
    return files


def _content(files: list[TreeFile]) -> str:
    return digest_of_json(sorted([file.path, file.digest] for file in files))


def _as_json(place: Place, number: dict[str, int]) -> Json:
    if isinstance(place, InShards):
        return [place.offset, *(number[ref["blob"]] for ref in place.refs)]
    if isinstance(place, OnS3):
        return {"s3": place.uri, "etag": place.etag}
    if isinstance(place, InFolder):
        return {"folder": place.root}
    raise TypeError(f"files in {place!r} cannot be referred to")


def _file(row: list[Any], shards: list[BlobRef], blobs: BlobStore) -> TreeFile:
    path, size, digest, where = row
    if not isinstance(path, str) or type(size) is not int or size < 0 or not _DIGEST.fullmatch(digest):
        raise ValueError(f"{path!r}: size {size!r}, digest {digest!r}")
    return TreeFile(path, size, digest, _place(where, size, shards, blobs))


def _place(where: Json, size: int, shards: list[BlobRef], blobs: BlobStore) -> Place:
    if isinstance(where, dict):
        return OnS3(where["s3"], where["etag"]) if "s3" in where else InFolder(where["folder"])
    offset, *numbers = where
    if any(number < 0 for number in numbers):
        raise ValueError(f"shard {min(numbers)}")
    refs = tuple(shards[number] for number in numbers)
    if offset < 0 or not all(map(is_ref, refs)) or sum(ref["size"] for ref in refs) - offset < size:
        raise ValueError(f"{size} bytes from {offset} on in {len(refs)} shards")
    return InShards(refs, offset, blobs)


def _damaged(data: Json, problem: str) -> EnvelopeDamaged:
    digest = data["index"]["blob"]
    return EnvelopeDamaged(
        f"The index {digest} of a tree of files {problem}. Run again with --refresh and the name of the stage that "
        "wrote it.",
        digest=digest,
    )
