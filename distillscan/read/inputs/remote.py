"""Logs in object stores: listed and copied with Arrow's file systems, which find credentials as each cloud's tools do.

An input is hashed as evidence, read, and read again for exemplars: each object is therefore copied once, whole, to a
temporary file.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from distillscan.errors import InputError, UsageError
from distillscan.read.inputs.local_copy import LocalCopies

#: Scheme of a path to the scheme Arrow knows it by.
SCHEMES: Final[Mapping[str, str]] = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "abfss",
    "azure": "abfss",
    "abfs": "abfs",
    "abfss": "abfss",
}
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


@dataclass(frozen=True, slots=True)
class Listing:
    """Objects that a remote path stands for.

    Attributes:
        named: Whether the path is an object itself, not a folder or a pattern.
        labels: Addresses of the objects, sorted.
    """

    named: bool
    labels: tuple[str, ...]


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

        self._fs: Any = pafs
        with reaching(path):
            self._store, root = pafs.FileSystem.from_uri(store_uri(self._scheme, self._bucket, os.environ))
        self._root = root.rstrip("/")

    def find(self) -> Listing:
        """List the objects: the one at the path, those below it, or those that match its pattern.

        Raises:
            InputError: If there is none, or the store refuses.
        """
        path = self._address(self._key)
        with reaching(path):
            if has_pattern(self._key):
                return Listing(named=False, labels=tuple(sorted(self._matching())))
            info = self._store.get_file_info(self._place(self._key))
            if info.type == self._fs.FileType.File:
                return Listing(named=True, labels=(path,))
            if info.type == self._fs.FileType.Directory:
                return Listing(named=False, labels=tuple(sorted(map(self._address, self._below(self._key)))))
        raise InputError(f"{path} does not exist: check the address, and that the credentials in use may read it")

    def copy(self, label: str, copies: LocalCopies) -> Path:
        """Copy an object to a temporary file, and return where that is.

        Raises:
            InputError: If it cannot be read to its end, or there is no room.
        """
        key = label.removeprefix(self._address(""))
        with reaching(label), self._store.open_input_stream(self._place(key)) as stream:
            return copies.copy(stream, label)

    def _matching(self) -> Iterator[str]:
        fixed = self._key[: _MAGIC.search(self._key).start()]  # type: ignore[union-attr]
        folder = fixed.rpartition("/")[0]
        pattern = re.compile(translate(self._key))
        return (self._address(key) for key in self._below(folder) if pattern.fullmatch(key))

    def _below(self, folder: str) -> Sequence[str]:
        selector = self._fs.FileSelector(self._place(folder), recursive=True, allow_not_found=True)
        found = self._store.get_file_info(selector)
        return [one.path.removeprefix(f"{self._root}/") for one in found if one.type == self._fs.FileType.File]

    def _place(self, key: str) -> str:
        return f"{self._root}/{key}".rstrip("/")

    def _address(self, key: str) -> str:
        return f"{self._scheme}://{self._bucket}/{key}"


def store_uri(scheme: str, bucket: str, environment: Mapping[str, str]) -> str:
    """Return the address of a bucket as Arrow takes it; Azure's needs the storage account.

    Raises:
        UsageError: If the storage account is nowhere stated.
    """
    arrow = SCHEMES[scheme]
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


def translate(pattern: str) -> str:
    """Return a glob as a regular expression: ``*`` and ``?`` stay within a folder, ``**`` does not."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            parts.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            parts.append(".*")
            at += 2
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            parts.append(f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]")
            at = end + 1
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(pattern[at], re.escape(pattern[at])))
            at += 1
    return "".join(parts)


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
