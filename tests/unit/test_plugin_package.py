"""A plugin as one file: the same bytes for the same files, and nothing of it can reach out of the folder it goes to."""

from __future__ import annotations

import io
import os
import random
import socket
import stat
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.digests import digest_of
from stages.core.errors import PluginError, UsageError
from stages.plugins import package_files
from stages.plugins.package import package_plugin, unpack_package

CONFIG = b"name: Words\ncode: words\nversion: 1.2.0\n"
ENTRY = "Make one with `stagewright plugin package`"

names = st.text("abc012_- äß漢", min_size=1, max_size=8).filter(lambda name: name == name.strip())
trees = st.dictionaries(st.lists(names, min_size=1, max_size=3).map("/".join), st.binary(max_size=200), max_size=8)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def plugin(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    return write(folder, {"config.yaml": CONFIG, "plugin/split.py": b"print()\n", **(files or {})})


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], **how: int) -> bytes:
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", **how) as archive:  # type: ignore[call-overload]
        warnings.simplefilter("ignore")  # of names that are there twice, which is the point
        for entry, content in (("config.yaml", CONFIG), *entries):
            archive.writestr(entry, content)
    return packed.getvalue()


@given(trees, st.randoms(use_true_random=False))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_files_are_the_same_bytes_and_come_back(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], chance: random.Random
) -> None:
    root = tmp_path_factory.mktemp("trees")
    try:
        write(root / "one", {**files, "config.yaml": CONFIG})
    except OSError:
        return  # a file and a folder of one name
    shuffled = list({**files, "config.yaml": CONFIG}.items())
    chance.shuffle(shuffled)
    other = write(root / "elsewhere" / "two", dict(shuffled))
    for path in other.rglob("*"):
        os.utime(path, (chance.randrange(10**9), chance.randrange(2 * 10**9)))
        path.chmod(0o755 if path.is_dir() else chance.choice([0o644, 0o600, 0o755]))
    package = package_plugin(root / "one")
    assert package_plugin(other) == package
    assert package_plugin(other / "config.yaml").data == package.data
    assert (package.code, package.version, package.digest) == ("words", "1.2.0", digest_of(package.data))
    unpacked = unpack_package(package.data, root / "new" / "place")
    assert read(unpacked) == {**files, "config.yaml": CONFIG}
    assert list(package.files) == sorted(read(unpacked))


def test_what_tools_leave_behind_is_not_packed_and_a_package_made_there_neither(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "words")
    before = package_plugin(folder)
    junk = (".env", ".git/HEAD", "plugin/__pycache__/split.cpython-311.pyc", "venv/pyvenv.cfg", "venv/lib/site.py")
    junk += (".pytest_cache/v", "words.egg-info/PKG-INFO", "Thumbs.db", "words-1.2.0.zip", "words-0.9rc1.zip")
    write(folder, dict.fromkeys(junk, b"junk"))
    (folder / "venv" / "bin").symlink_to("/usr/bin")
    assert package_plugin(folder) == before
    assert before.files == ("config.yaml", "plugin/split.py")
    kept = write(folder, {"words-data.zip": b"", "plugin/words-1.0.zip": b"", "wheels/net-1.0-py3-none-any.whl": b""})
    assert len(package_plugin(kept).files) == 5


def test_a_link_inside_is_packed_as_what_it_leads_to(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "words")
    (folder / "again.py").symlink_to("plugin/split.py")
    assert read(unpack_package(package_plugin(folder).data, tmp_path / "there"))["again.py"] == b"print()\n"
    assert not (tmp_path / "there" / "again.py").is_symlink()


def test_all_that_cannot_go_elsewhere_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = plugin(tmp_path / "words", {"Split.py": b"", "split.py": b"", "nul.txt": b"", "a\\b": b""})
    (tmp_path / "secret").write_text("secret")
    (folder / "secret").symlink_to(tmp_path / "secret")
    (folder / "lost").symlink_to("nowhere")
    (folder / "again").symlink_to("plugin")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(folder)  # the path of a socket is short
        listening.bind("socket")
        with pytest.raises(PluginError) as refused:
            package_plugin(folder)
    for told in ("'secret' is a link out", "'lost' cannot be read", "'again' is a link to a folder", "'pipe' is a"):
        assert told in str(refused.value)
    for told in ("'socket' is a", "would meet 'Split.py'", "'nul.txt', which not every", "has a backslash"):
        assert told in str(refused.value)


def test_too_much_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = plugin(tmp_path / "words")
    with (folder / "weights.pt").open("wb") as weights:
        weights.truncate(1 << 40)
    with pytest.raises(PluginError, match=r"more than 512 MiB, .* at 'weights.pt'"):
        package_plugin(folder)
    (folder / "weights.pt").unlink()
    monkeypatch.setattr(package_files, "MOST_FILES", 5)
    write(folder, {f"data/{number}": b"" for number in range(5)})
    with pytest.raises(PluginError, match="more than 5 files"):
        package_plugin(folder)


def test_a_folder_without_a_sound_config_is_no_plugin(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="there is no such file"):
        package_plugin(write(tmp_path / "empty", {"plugin/split.py": b""}))
    with pytest.raises(PluginError, match="code"):
        package_plugin(write(tmp_path / "wrong", {"config.yaml": b"name: Words\ncode: ../words\n"}))


def link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry, target.encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "BadZipFile"),
        (b"PK\x03\x04 and then nothing", "BadZipFile"),
        (zipped()[:-30], "BadZipFile"),
        (zipped(("../out.py", b"")), "'../out.py' has the part '..'"),
        (zipped(("a/../../out.py", b"")), "has the part '..'"),
        (zipped(("/etc/out.py", b"")), "'/etc/out.py' is no path below a folder"),
        (zipped(("C:/out.py", b"")), "is no path below a folder"),
        (zipped(("..\\out.py", b"")), "has a backslash"),
        (zipped(("folder/", b"")), "has the part ''"),
        (zipped(("con", b"")), "'con', which not every system"),
        (zipped(("Plugin.py", b"1"), ("plugin.py", b"2")), "would meet 'Plugin.py'"),
        (zipped(("plugin.py", b"1"), ("plugin.py", b"2")), "would meet 'plugin.py'"),
        (zipped(("plugin", b"1"), ("plugin/a.py", b"2")), "would be both a file and the folder"),
        (zipped(link("passwd", "/etc/passwd")), "something else made"),
        (zipped(("zeros", bytes(50_000_000)), compression=zipfile.ZIP_DEFLATED, compresslevel=9), "larger than itself"),
        (zipped(("plugin.py", b"1")), "something else made"),
        (zipped() + b"more", "something else made"),
        (zipped().replace(b"config.yaml", b"config.yuml"), "there is no config.yaml"),
        (zipped().replace(b"code: words", b"code: sword"), "BadZipFile: Bad CRC-32"),
    ],
)
def test_what_is_no_package_is_refused_and_nothing_is_written(tmp_path: Path, data: bytes, told: str) -> None:
    with pytest.raises(PluginError) as refused:
        unpack_package(data, tmp_path / "inside" / "there")
    assert told in str(refused.value)
    assert ENTRY in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_of_entries_that_share_their_bytes_is_refused(tmp_path: Path) -> None:
    whole = zipfile.ZipFile(io.BytesIO(zipped(("a", bytes(100_000)))))
    packed = io.BytesIO(zipped(("a", bytes(100_000))))
    with zipfile.ZipFile(packed, "a") as archive:  # a hundred names for the bytes of one
        for number in range(100):
            entry = zipfile.ZipInfo(f"b{number}")
            first = whole.getinfo("a")
            entry.CRC, entry.file_size, entry.compress_size = first.CRC, first.file_size, first.compress_size
            entry.header_offset = first.header_offset
            archive.filelist.append(entry)
        archive._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match="larger than itself"):
        unpack_package(packed.getvalue(), tmp_path / "there")


@given(st.data())
@settings(max_examples=60)
def test_damage_is_an_error_and_never_another_plugin(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("damage")
    package = package_plugin(plugin(root / "words"))
    changed = bytearray(package.data)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        unpacked = unpack_package(bytes(changed), root / "there")
    except PluginError:
        assert [path.name for path in root.iterdir()] == ["words"]
    else:  # names lie open twice in a zip, so that a pair of changes may give another name; contents have a checksum
        assert set(read(unpacked).values()) == set(read(root / "words").values())


def test_it_is_unpacked_once_whoever_asks_and_mixed_with_nothing(tmp_path: Path) -> None:
    data = package_plugin(plugin(tmp_path / "words", {f"data/{n}": bytes(n) for n in range(50)})).data
    there = tmp_path / "there"
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: unpack_package(data, there), range(16))) == {there}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there", "words"]
    (there / "__pycache__").mkdir()
    (there / "__pycache__" / "x.pyc").write_bytes(b"")
    assert unpack_package(data, there) == there
    refused: list[Callable[[], object]] = [
        lambda: (there / "plugin" / "split.py").write_text("changed"),
        lambda: (there / "more.py").write_text(""),
    ]
    for change in refused:
        change()
        with pytest.raises(UsageError, match="is there already, and does not hold this package alone"):
            unpack_package(data, there)
    (tmp_path / "empty").mkdir()
    assert read(unpack_package(data, tmp_path / "empty")) == read(tmp_path / "words")


@pytest.mark.parametrize("there", ["file", "link"])
def test_a_file_or_link_in_its_place_stays_as_it_is(tmp_path: Path, there: str) -> None:
    data = package_plugin(plugin(tmp_path / "words")).data
    (tmp_path / "elsewhere").mkdir()
    place = tmp_path / "there"
    place.write_text("mine") if there == "file" else place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is there already"):
        unpack_package(data, place)
    assert list((tmp_path / "elsewhere").iterdir()) == []
