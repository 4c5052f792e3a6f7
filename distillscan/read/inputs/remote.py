"""Logs in object stores: listed and copied with Arrow's file systems, which find credentials as each cloud's tools do.

An input is hashed as evidence, read, and read again for exemplars: each object is therefore copied once, whole, to a
temporary file.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, Final

from distillscan.errors import InputError, UsageError
from distillscan.read.inputs.local_copy import LocalCopies

#: Schemes that Arrow knows by another name, and all that are read.
_SAME: Final[Mapping[str, str]] = {"s3a": "s3", "gcs": "gs", "az": "abfss", "azure": "abfss"}
SCHEMES: Final = ("s3", "gs", "abfs", "abfss", *_SAME)
_REMOTE: Final = re.compile(r"([a-z0-9]+)://([^/]*)/?(.*)", re.DOTALL)
_MAGIC: Final = re.compile(r"[*?\[]")
#: Seconds in which a request to Google's store is tried again.
_PATIENCE: Final = 30
_ACCOUNTS: Final = ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT")


def is_remote(path: str) -> bool:
    """Return whether a path is an address in an object store."""
    match = _REMOTE.fullmatch(path)
    return match is not None and match[1] in SCHEMES


def has_pattern(path: str) -> bool:
    """Return whether a path has wildcards."""
    return _MAGIC.search(path) is not None


class Store:
    """The file system behind a remote path.

    Raises:
        InputError: If the store cannot be reached.
        UsageError: If the path has no bucket, or the storage account of an Azure path is nowhere stated.
    """

    def __init__(self, path: str) -> None:
        match = _REMOTE.fullmatch(path)
        if match is None or not match[2]:
            raise UsageError(f"{path}: name the bucket, as in s3://bucket/folder/")
        self._scheme, self._bucket, self._key = match[1], match[2], match[3]
        import pyarrow.fs as pafs

        with reaching(path):
            self._store, root = pafs.FileSystem.from_uri(store_uri(self._scheme, self._bucket, os.environ))
        self._select: Any = pafs.FileSelector
        self._root = root.rstrip("/")

    def find(self) -> list[str]:
        """Return the sorted addresses of the object at the path alone, those below it, or those matching its pattern.

        Raises:
            InputError: If there is none, or the store refuses.
        """
        path = self._address(self._key)
        with reaching(path):
            if pattern := _MAGIC.search(self._key):
                below = self._below(self._key[: pattern.start()].rpartition("/")[0])
                wanted = self._key.split("/")
                return sorted(self._address(key) for key in below if matches(key.split("/"), wanted))
            info = self._store.get_file_info(self._place(self._key))
            if info.is_file:
                return [path]
            if info.type.name == "Directory":
                return sorted(map(self._address, self._below(self._key)))
        raise InputError(f"{path} does not exist: check the address, and that the credentials in use may read it")

    def find_above(self, names: Iterable[str]) -> list[str]:
        """Return the addresses of all objects in folders with some names, beside the path or its pattern and above.

        What may not be looked at is taken to be empty: the path itself can be read without it.
        """
        fixed = self._key[: match.start()] if (match := _MAGIC.search(self._key)) else self._key.rstrip("/")
        above = [fixed[: at + 1] for at, letter in enumerate(fixed) if letter == "/"] or [""]
        found: list[str] = []
        for place in (f"{folder}{name}" for folder in above for name in names):
            with suppress(InputError), reaching(self._address(place)):
                found += map(self._address, self._below(place, recursive=False))
        return found

    def copy(self, label: str, copies: LocalCopies) -> Path:
        """Copy an object to a temporary file, and return where that is.

        Raises:
            InputError: If it cannot be read to its end, or there is no room.
        """
        with reaching(label), self.open(label) as stream:
            return copies.copy(stream, label)

    def open(self, label: str) -> BinaryIO:
        """Open an object for reading."""
        stream: BinaryIO = self._store.open_input_stream(self._place(label.removeprefix(self._address(""))))
        return stream

    def _below(self, folder: str, *, recursive: bool = True) -> list[str]:
        found = self._store.get_file_info(self._select(self._place(folder), recursive=recursive, allow_not_found=True))
        return [one.path.removeprefix(f"{self._root}/") for one in found if one.is_file]

    def _place(self, key: str) -> str:
        return f"{self._root}/{key}".rstrip("/")

    def _address(self, key: str) -> str:
        return f"{self._scheme}://{self._bucket}/{key}"


def store_uri(scheme: str, bucket: str, environment: Mapping[str, str]) -> str:
    """Return the address of a bucket as Arrow takes it; Azure's needs the storage account.

    Raises:
        UsageError: If the storage account is nowhere stated.
    """
    arrow = _SAME.get(scheme, scheme)
    if scheme not in ("az", "azure"):
        # Without credentials Google's client would look for a machine's own account for a quarter of an hour.
        return f"{arrow}://{bucket}" + (f"?retry_limit_seconds={_PATIENCE}" if arrow == "gs" else "")
    account = next((environment[name] for name in _ACCOUNTS if environment.get(name)), None)
    if account is None:
        raise UsageError(
            f"{scheme}://{bucket}: which storage account? Set {_ACCOUNTS[0]}, or write the path as "
            f"abfss://{bucket}@ACCOUNT.dfs.core.windows.net/..."
        )
    return f"{arrow}://{bucket}@{account}.dfs.core.windows.net"


def matches(folders: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether the parts of a key match those of a pattern; the part ``**`` stands for any number of folders."""
    if not pattern or not folders:
        return not folders and all(part == "**" for part in pattern)
    if pattern[0] == "**":
        return matches(folders, pattern[1:]) or matches(folders[1:], pattern)
    return fnmatchcase(folders[0], pattern[0]) and matches(folders[1:], pattern[1:])


@contextmanager
def reaching(label: str) -> Iterator[None]:
    """Name the address when a store cannot be reached or refuses.

    Raises:
        InputError: For any error of the store.
    """
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(
            f"{label} cannot be read ({reason}): check the address, the credentials and the region"
        ) from error
