"""Turn the paths an analyst gives (files, globs, directories, pipes) into the list of files to read."""

import glob
import os
import re
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final
from urllib.parse import unquote

from distillscan.errors import InputError
from distillscan.read.inputs.detect import format_by_name, reading
from distillscan.read.inputs.local_copy import LocalCopies
from distillscan.read.inputs.outcome import Skipped
from distillscan.read.inputs.remote import SCHEMES, Store, has_pattern, is_remote
from distillscan.read.notes import Notes
from distillscan.read.options import Format

STDIN: Final = "-"
_NULL_PARTITION: Final = "__HIVE_DEFAULT_PARTITION__"
#: What every engine passes over in a folder: hidden objects, checksums, and whatever is in hidden folders.
_HIDDEN: Final = re.compile(r"(?<!:)/[._]|\.crc$")
_LABELS: Final = re.compile(r"(?:^|[._-])labels?\.", re.IGNORECASE)
_WITH_LABELS: Final = "that hold labels"
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read: its name for people, where it is, and the partition keys in its path (``date=2026-01-01/``)."""

    label: str
    local: Path
    partitions: MappingProxyType[str, str | None]


def discover(
    paths: Sequence[str],
    stdin: BinaryIO | None,
    copies: LocalCopies,
    notes: Notes,
    forced: Format | None = None,
    skipped: list[Skipped] | None = None,
) -> tuple[Found, ...]:
    """Find every file that ``paths`` stand for, each once, sorted by label.

    Args:
        paths: Files, globs, directories (searched to any depth) or ``-`` for standard input.
        stdin: What ``-`` reads; standard input when ``None``.
        copies: Keeps copies of what can be read only once (standard input, named pipes).
        notes: Receives what was left out.
        forced: A format that all inputs are said to have; then every file of a directory counts.
        skipped: Receives what exists and cannot be looked at.

    Raises:
        InputError: If a path does not exist, matches nothing, or holds no log; if no path is given.
    """
    skipped = [] if skipped is None else skipped
    if not paths:
        raise InputError("no input: give a file, a directory, a glob, or - for standard input")
    by_place: dict[str, Found] = {}
    for path in dict.fromkeys(paths):
        for found in _expand(path, stdin, copies, notes, forced, skipped):
            place = found.label if is_remote(found.label) else os.path.realpath(found.local)
            if place in by_place and by_place[place].label != found.label:
                first, second = sorted((by_place[place], found), key=lambda one: one.label)
                notes.add(f"{second.label} is the same file as {first.label}: it is read once")
                found = first
            by_place[place] = found
    for path in {path for path in paths if list(paths).count(path) > 1}:
        notes.add(f"{path} is given more than once: it is read once")
    return tuple(sorted(by_place.values(), key=lambda found: found.label))


def _expand(
    path: str, stdin: BinaryIO | None, copies: LocalCopies, notes: Notes, forced: Format | None, skipped: list[Skipped]
) -> list[Found]:
    if path == STDIN:
        return [Found(STDIN, copies.copy(stdin or sys.stdin.buffer, STDIN), MappingProxyType({}))]
    if is_remote(path):
        return _fetch(path, copies, notes, forced, skipped)
    place = Path(path)
    try:
        mode = place.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _match(path, notes, forced, skipped)
    except OSError as error:
        skipped.append(_unopened(path, error))
        return []
    if stat.S_ISDIR(mode):
        before = len(skipped)
        found = _walk(path, notes, forced, skipped)
        if not found and len(skipped) == before:
            raise InputError(f"{path} holds no Parquet, CSV or NDJSON file: name the files, or say --input-format")
        return found
    if stat.S_ISREG(mode):
        return [Found(path, place, _partitions(path))]
    with reading(path), place.open("rb") as pipe:
        return [Found(path, copies.copy(pipe, path), MappingProxyType({}))]


def _unopened(path: str, error: OSError) -> Skipped:
    return Skipped(path, Path(path), 0, f"{path} cannot be opened: {error.strerror}")


def _match(path: str, notes: Notes, forced: Format | None, skipped: list[Skipped]) -> list[Found]:
    scheme, address, _ = path.partition("://")
    if address and scheme.isalnum():
        if scheme.lower() in SCHEMES:
            raise InputError(f"{path}: write {scheme.lower()}:// in small letters")
        raise InputError(f"{path}: {scheme}:// is not read, s3://, gs:// and az:// are; save the log as a file first")
    if not glob.has_magic(path):
        raise InputError(f"{path} does not exist: check the path (relative paths start at the current directory)")
    found: list[Found] = []
    labels: list[str] = []
    for match in sorted(glob.glob(path, recursive=True)):  # noqa: PTH207 (keeps the analyst's spelling)
        if Path(match).is_dir():
            found += _walk(match, notes, forced, skipped)
        elif _LABELS.search(Path(match).name):
            labels.append(match)
        else:
            found.append(Found(match, Path(match), _partitions(match)))
    _note_left_out(path, _WITH_LABELS, labels, notes)
    if not found:
        raise InputError(f"{path} matches no log: check the pattern, and quote it so that the shell does not expand it")
    return found


def _walk(directory: str, notes: Notes, forced: Format | None, skipped: list[Skipped]) -> list[Found]:
    """The logs below a directory. Hidden files, ``_SUCCESS`` and the like are passed over, as every engine does."""
    names: list[str] = []
    unknown: list[str] = []
    labels: list[str] = []

    def refused(error: OSError) -> None:
        skipped.append(_unopened(str(error.filename), error))

    for folder, subfolders, files in os.walk(directory, onerror=refused):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "_")))
        for name in files:
            path = Path(folder, name).as_posix()
            if name.startswith((".", "_")) or name.endswith(".crc"):
                continue
            if _LABELS.search(name):
                labels.append(path)
            elif forced is None and format_by_name(name) is None:
                unknown.append(path)
            else:
                names.append(path)
    _note_left_out(directory, _WITH_LABELS, labels, notes)
    _note_left_out(directory, "with an unknown ending", unknown, notes)
    return [Found(name, Path(name), _partitions(name)) for name in sorted(names)]


def _fetch(path: str, copies: LocalCopies, notes: Notes, forced: Format | None, skipped: list[Skipped]) -> list[Found]:
    """Copies of the logs at a remote path, chosen as those of a local one are."""
    store = Store(path)
    listing = store.find()
    labels = list(listing.labels)
    if not listing.named:
        visible = [one for one in labels if not _HIDDEN.search(one)]
        labels = [one for one in visible if not _LABELS.search(one.rpartition("/")[2])]
        _note_left_out(path, _WITH_LABELS, [one for one in visible if one not in labels], notes)
    if not listing.named and not has_pattern(path) and forced is None:
        known = [one for one in labels if format_by_name(one) is not None]
        _note_left_out(path, "with an unknown ending", [one for one in labels if one not in known], notes)
        labels = known
    if not labels:
        raise InputError(f"{path} holds no log: check the address, name the objects, or say --input-format")
    found = []
    for label in labels:
        try:
            found.append(Found(label, store.copy(label, copies), _partitions(label)))
        except InputError as error:
            skipped.append(Skipped(label, Path(label), 0, str(error)))
    return found


def _note_left_out(path: str, why: str, left_out: list[str], notes: Notes) -> None:
    if left_out:
        shown = ", ".join(sorted(left_out)[:_SHOWN]) + (", ..." if len(left_out) > _SHOWN else "")
        notes.add(f"{path}: left out {len(left_out)} file(s) {why} ({shown}); name a file to have it read")


def _partitions(path: str) -> MappingProxyType[str, str | None]:
    pairs = (folder.partition("=") for folder in Path(path).parts[:-1])
    found = {
        unquote(key): None if value == _NULL_PARTITION else unquote(value) for key, is_pair, value in pairs if is_pair
    }
    return MappingProxyType({key: value for key, value in found.items() if key})
