"""Turn the paths an analyst gives (files, globs, directories, pipes) into the list of files to read."""

import glob
import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final
from urllib.parse import unquote

import polars as pl

from distillscan.errors import InputError
from distillscan.read.inputs.detect import HEAD, begins_like_log, format_by_name, unpacked
from distillscan.read.inputs.local_copy import LocalCopies
from distillscan.read.inputs.outcome import Skipped
from distillscan.read.inputs.remote import SCHEMES, Store, has_pattern, is_remote
from distillscan.read.inputs.stream import reading
from distillscan.read.inputs.tables.current import FOLDERS, is_metadata, leave_out_replaced, metadata_beside
from distillscan.read.notes import Notes
from distillscan.read.options import Format

STDIN: Final = "-"
_NULL_PARTITION: Final = "__HIVE_DEFAULT_PARTITION__"
#: What every engine passes over in a folder: hidden objects, checksums, and whatever is in hidden folders.
_HIDDEN: Final = re.compile(r"(?<!:)/[._]|\.crc$")
_LABELS: Final = re.compile(r"(?:^|[._-])labels?\.", re.IGNORECASE)
#: Objects beside a Bedrock log with the bodies that are too long for it: ``data/REQUEST_input.json.gz``.
_BODIES: Final = re.compile(r"(?:^|/)data/[^/]*(?:input|output)[^/]*\.json(?:\.gz)?$")
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read.

    Attributes:
        label: Its name for people.
        local: Where it is.
        partitions: The partition keys in its path (``date=2026-01-01/``).
        deleted: The numbers of rows that its table marks as deleted.
    """

    label: str
    local: Path
    partitions: MappingProxyType[str, str | None]
    deleted: pl.Series | None = field(default=None, compare=False)


#: Whether a file, of which ``local`` has only the beginning, is a log.
Recognise = Callable[[Found], bool]


def discover(
    paths: Sequence[str],
    stdin: BinaryIO | None,
    copies: LocalCopies,
    notes: Notes,
    forced: Format | None = None,
    skipped: list[Skipped] | None = None,
    recognise: Recognise = lambda _: False,
) -> tuple[Found, ...]:
    """Find every file that ``paths`` stand for, each once, sorted by label.

    Args:
        paths: Files, globs, directories (searched to any depth) or ``-`` for standard input.
        stdin: What ``-`` reads; standard input when ``None``.
        copies: Keeps copies of what can be read only once (standard input, named pipes) and of remote objects.
        notes: Receives what was left out.
        forced: A format that all inputs are said to have; then every file of a directory counts.
        skipped: Receives what exists and cannot be looked at.
        recognise: Asked about text in folders whose name and first bytes do not tell what it is.

    Raises:
        InputError: If a path does not exist, matches nothing, or holds no log; if no path is given.
    """
    if not paths:
        raise InputError("no input: give a file, a directory, a glob, or - for standard input")
    search = _Search(stdin, copies, notes, forced, [] if skipped is None else skipped, recognise)
    by_place: dict[str, Found] = {}
    for path in dict.fromkeys(paths):
        for found in search.expand(path):
            place = found.label if is_remote(found.label) else os.path.realpath(found.local)
            if place in by_place:
                first, second = sorted((by_place[place], found), key=lambda one: (one.label, one.deleted is not None))
                if first.label != second.label:
                    notes.add(f"{second.label} is the same file as {first.label}: it is read once")
                found = first  # of a file that is named by itself no row is left out
            by_place[place] = found
    for path, times in Counter(paths).items():
        if times > 1:
            notes.add(f"{path} is given more than once: it is read once")
    return tuple(sorted(by_place.values(), key=lambda found: found.label))


@dataclass(frozen=True, slots=True)
class _Search:
    """What holds for all paths; see :func:`discover`."""

    stdin: BinaryIO | None
    copies: LocalCopies
    notes: Notes
    forced: Format | None
    skipped: list[Skipped]
    recognise: Recognise

    def expand(self, path: str) -> list[Found]:
        """Return the files that one path stands for."""
        if path == STDIN:
            return [Found(STDIN, self.copies.copy(self.stdin or sys.stdin.buffer, STDIN), MappingProxyType({}))]
        if is_remote(path):
            return self._fetch(path)
        place = Path(path)
        try:
            mode = place.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return self._match(path)
        except OSError as error:
            self._skip(path, error)
            return []
        if stat.S_ISDIR(mode):
            before = len(self.skipped)
            found = self._walk(path)
            if not found and len(self.skipped) == before:
                raise self._nothing(
                    f"{path} holds no Parquet, CSV or NDJSON file: name the files, or say --input-format"
                )
            return found
        if stat.S_ISREG(mode):
            return [_local(path)]
        with reading(path), place.open("rb") as pipe:
            return [Found(path, self.copies.copy(pipe, path), MappingProxyType({}))]

    def _match(self, path: str) -> list[Found]:
        """The files, and those in directories, that match a pattern."""
        scheme, address, _ = path.partition("://")
        if address and scheme.isalnum():
            if scheme.lower() in SCHEMES:
                raise InputError(f"{path}: write {scheme.lower()}:// in small letters")
            raise InputError(
                f"{path}: {scheme}:// is not read, s3://, gs:// and az:// are; save the log as a file first"
            )
        if not glob.has_magic(path):
            raise InputError(f"{path} does not exist: check the path (relative paths start at the current directory)")
        matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 (keeps the analyst's spelling)
        folders = [match for match in matches if Path(match).is_dir()]
        files = self._local(path, [match for match in matches if match not in folders], by_ending=False)
        found = [*(one for folder in folders for one in self._walk(folder)), *files]
        if not found:
            raise self._nothing(
                f"{path} matches no log: check the pattern, and quote it so that the shell does not expand it"
            )
        return found

    def _walk(self, directory: str) -> list[Found]:
        """The logs below a directory. Hidden files, ``_SUCCESS`` and the like are passed over, as every engine does."""
        names: list[str] = []
        for folder, subfolders, files in os.walk(
            directory, onerror=lambda error: self._skip(str(error.filename), error)
        ):
            subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "_")))
            visible = (name for name in files if not name.startswith((".", "_")) and not name.endswith(".crc"))
            names += [Path(folder, name).as_posix() for name in visible]
        return self._local(directory, sorted(names), by_ending=self.forced is None)

    def _local(self, path: str, names: Sequence[str], *, by_ending: bool) -> list[Found]:
        """Those of some local files that may be logs."""
        current = leave_out_replaced(names, metadata_beside(names), Path, self.notes)
        chosen = self._choose(path, current.files, _open, by_ending=by_ending)
        return [_local(name, current.deleted.get(name)) for name in chosen]

    def _fetch(self, path: str) -> list[Found]:
        """Copies of the logs at a remote path, chosen as those of a local one are."""
        store = Store(path)
        labels = store.find()
        deleted: Mapping[str, pl.Series] = {}
        if labels != [path]:
            by_ending = self.forced is None and not has_pattern(path)
            visible = [one for one in labels if not _HIDDEN.search(one)]
            metadata = (*labels, *store.find_above(FOLDERS))
            current = leave_out_replaced(visible, metadata, lambda name: store.copy(name, self.copies), self.notes)
            deleted = current.deleted
            labels = self._choose(path, current.files, store.open, by_ending=by_ending)
        if not labels:
            raise self._nothing(f"{path} holds no log: check the address, name the objects, or say --input-format")
        found = []
        for label in labels:
            try:
                found.append(Found(label, store.copy(label, self.copies), _partitions(label), deleted.get(label)))
            except InputError as error:
                self.skipped.append(Skipped(label, Path(label), 0, str(error)))
        return found

    def _choose(
        self, path: str, names: Sequence[str], read: Callable[[str], BinaryIO], *, by_ending: bool
    ) -> list[str]:
        """Those of some files that may be logs, by name or by how they begin; say which others there are."""
        left_out = {name: "that hold labels" for name in names if _LABELS.search(name.rpartition("/")[2])}
        left_out |= {name: "with metadata of a table" for name in names if is_metadata(name)}
        left_out |= {name: "with bodies that Bedrock keeps apart" for name in names if _BODIES.search(name)}
        for name in names if by_ending else ():
            if name not in left_out and format_by_name(name) is None and not self._is_log(name, read):
                left_out[name] = "that look like no log"
        for why in dict.fromkeys(left_out.values()):
            few = [name for name, reason in left_out.items() if reason == why]
            shown = ", ".join(few[:_SHOWN]) + (", ..." if len(few) > _SHOWN else "")
            self.notes.add(f"{path}: left out {len(few)} file(s) {why} ({shown}); name a file to have it read")
        return [name for name in names if name not in left_out]

    def _is_log(self, name: str, read: Callable[[str], BinaryIO]) -> bool:
        try:
            with reading(name), read(name) as stream:
                head = unpacked(stream.read(HEAD))
        except InputError:
            return False
        if begins_like_log(head) or b"\0" in head:
            return begins_like_log(head)
        lines = head[: head.rfind(b"\n") + 1] or head
        beginning = Found(name, self.copies.copy(BytesIO(lines), name), _partitions(name))
        is_log = bool(lines) and self.recognise(beginning)
        beginning.local.unlink()
        return is_log

    def _nothing(self, text: str) -> InputError:
        """The error for a path without logs: what it has instead was left out."""
        return InputError("\n".join((text, *self.notes.texts())))

    def _skip(self, path: str, error: OSError) -> None:
        self.skipped.append(Skipped(path, Path(path), 0, f"{path} cannot be opened: {error.strerror}"))


def _open(path: str) -> BinaryIO:
    return Path(path).open("rb")


def _local(path: str, deleted: pl.Series | None = None) -> Found:
    return Found(path, Path(path), _partitions(path), deleted)


def _partitions(path: str) -> MappingProxyType[str, str | None]:
    pairs = (folder.partition("=") for folder in Path(path).parts[:-1])
    found = {
        unquote(key): None if value == _NULL_PARTITION else unquote(value) for key, is_pair, value in pairs if is_pair
    }
    return MappingProxyType({key: value for key, value in found.items() if key})
