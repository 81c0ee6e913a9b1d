"""Which inputs a batch has: words of the command line or of a form become addresses, in order, each once.

A word is an address, a pattern (`films/*.mp4`, `s3://bucket/films/**/*.mp4`; `*` stays within a folder), a folder
(`films/`, `s3://bucket/films/`: all videos in and below it), or a list of addresses, one a line (`@films.txt`,
`@s3://bucket/films.txt`; '#' begins a comment, `.json` is a JSON list of texts). What has the very name of a pattern is
meant before what the pattern matches.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from flows.jobs.job import absolute
from flows.profiles.model import Profile
from stages.core.errors import BucketMissing, InputError, UsageError
from stages.core.objects import ObjectStore
from stages.core.suggest import did_you_mean
from stages.datatypes.s3_input import open_object, s3_options

VIDEOS = (".mp4", ".mov", ".mkv", ".m4v", ".avi", ".webm", ".mxf", ".ts")
"""What counts in a folder, in any case of letters."""

MOST_BYTES = 64 << 20  # of a list: a million long addresses are less


@dataclass(frozen=True)
class Inputs:
    """`key` is the input of which there are many, `many` are its values; `shared` are the values of the others.
    `twice` counts what was named more than once."""

    key: str
    many: tuple[str, ...]
    shared: Mapping[str, str]
    twice: int = 0


def check_words(profile: Profile, words: Mapping[str, Sequence[str]]) -> None:
    """Raise UsageError for keys that the profile has not, and for those that it has and that lack."""
    name = profile.name
    for key in words:
        if key not in profile.inputs:
            raise UsageError(f"Profile {name!r} has no input {key!r}{did_you_mean(key, profile.inputs)}")
    if not profile.inputs:
        raise UsageError(f"Profile {name!r} has no input: there is nothing to run it on many times.", profile=name)
    if missing := [key for key in profile.inputs if not words.get(key)]:
        raise UsageError(f"Profile {name!r} needs {' '.join(f'--input {key}=…' for key in missing)}.", profile=name)


def check_local(profile: Profile, words: Mapping[str, Sequence[str]]) -> None:
    """Look up the words that mean this machine, before any service is started for them. Raises InputError for those
    that stand for nothing."""
    for key, given in words.items():
        for word in given:
            if not word.removeprefix("@").startswith("s3://"):
                _meant(word, profile.inputs[key])


def read_inputs(profile: Profile, words: Mapping[str, Sequence[str]]) -> Inputs:
    """The inputs that the words stand for. Raises UsageError and InputError for words that stand for nothing; an input
    that is not there is no fault yet."""
    check_words(profile, words)
    found = {key: [at for word in words[key] for at in _meant(word, profile.inputs[key])] for key in profile.inputs}
    unique = {key: tuple(dict.fromkeys(values)) for key, values in found.items()}
    several = [key for key, values in unique.items() if len(values) > 1]
    if len(several) > 1:
        told = " and ".join(f"{key!r} ({len(unique[key])})" for key in several)
        raise UsageError(f"One input of a batch may have many values; {told} have. Run a batch for each of the others.")
    key = several[0] if several else next((key for key in unique if words[key]), "")
    shared = {other: values[0] for other, values in unique.items() if other != key}
    return Inputs(key, unique[key], shared, len(found[key]) - len(unique[key]))


def placed(word: str) -> str:
    """The word, whatever folder it is said in: another folder's `*.mp4` are other files."""
    if word.startswith("@"):
        return f"@{absolute(word[1:])}"
    return absolute(os.path.expanduser(word))


def _meant(word: str, data_type: str | None) -> list[str]:
    """The addresses that a word stands for. Texts, which have no data type, stand for themselves."""
    if word.startswith("@") and len(word) > 1:
        lines = list(_listed(word[1:]))
        if not lines:
            raise InputError(f"{word} lists no input; put at least one address there, one a line.", uri=word[1:])
        return [absolute(line) if data_type else line for line in lines]
    if not data_type:
        return [word]
    found = list(_on_s3(word) if word.startswith("s3://") else _local(word, folders=data_type == "Video"))
    if not found:
        videos = f" A folder counts by its files that end in {', '.join(VIDEOS)}."
        raise InputError(f"{word} matches nothing.{'' if has_magic(word) else videos} Check the path.", uri=word)
    return found


def _local(word: str, folders: bool) -> Iterator[str]:
    path = os.path.expanduser(word)
    if "://" in word or (os.path.exists(path) and not (folders and os.path.isdir(path))):
        yield absolute(path)
    elif os.path.isdir(path):
        yield from _videos_below(Path(path))
    elif has_magic(path):
        matched = [absolute(found) for found in sorted(glob(path, recursive=True))]
        yield from (found for found in matched if not (folders and os.path.isdir(found)))
    else:
        yield absolute(path)


def _videos_below(folder: Path) -> Iterator[str]:
    for at, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from (str(Path(at, name).resolve()) for name in sorted(names) if _is_video(name))


def _on_s3(word: str) -> Iterator[str]:
    bucket, _, key = word.removeprefix("s3://").partition("/")
    if not key.endswith("/") and key and not has_magic(key):
        yield word
        return
    plain = re.split(r"[*?\[]", key)[0]
    try:
        keys = list(ObjectStore(s3_options(bucket)).list(plain))
    except BucketMissing as error:
        raise InputError(f"{word} cannot be listed: the store has no bucket {bucket!r}.", uri=word) from error
    if key in keys and not key.endswith("/"):
        yield word
    elif has_magic(key):
        matches = _pattern(key)
        yield from (f"s3://{bucket}/{found}" for found in keys if matches.fullmatch(found) and not found.endswith("/"))
    else:
        yield from (f"s3://{bucket}/{found}" for found in keys if _is_video(found.rpartition("/")[2]))


def _pattern(key: str) -> re.Pattern[str]:
    """A pattern of keys, as the shell has it for paths: `*` and `?` stay within a folder, `**/` is any folders."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\])", key)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part) or _one_of(part) or re.escape(part) for part in parts), re.DOTALL)


def _one_of(part: str) -> str | None:
    if not (part.startswith("[") and part.endswith("]") and len(part) > 2):
        return None
    inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", part[1:-1].removeprefix("!"))
    return f"[{'^/' if part[1] == '!' else ''}{inside}]"


def _is_video(name: str) -> bool:
    return name.lower().endswith(VIDEOS) and not name.startswith(".")


def _listed(where: str) -> Iterator[str]:
    data = _read(where)
    if len(data) > MOST_BYTES:
        raise InputError(f"{where} has more bytes than a list of inputs may have ({MOST_BYTES:,}).", uri=where)
    try:
        text = data.decode("utf-8-sig")
        lines = json.loads(text) if where.endswith(".json") else text.splitlines()
    except ValueError as error:
        raise InputError(f"{where} cannot be read as a list of inputs: {error}.", uri=where) from None
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise InputError(f"{where} holds something else than a list of texts.", uri=where)
    yield from (line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _read(where: str) -> bytes:
    try:
        with open_object(where) if where.startswith("s3://") else open(os.path.expanduser(where), "rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"The list {where} cannot be read: {error.strerror}. Check the path.", uri=where) from error
