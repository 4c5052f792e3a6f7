"""JSON that is one document, or spread over lines, read in a stream as if every record stood on a line of its own.

No byte moves: what stands between the records of an array becomes line ends, and line ends inside a record become
spaces. So memory stays flat, and the rest of the reader need not know.
"""

from pathlib import Path
from typing import Final

import numpy as np
from numba import njit

from distillscan.errors import InputError
from distillscan.read.formats.detect import ByteStream
from distillscan.read.formats.scan import Bytes
from distillscan.read.options import Compression

_LF, _CR, _SPACE, _QUOTE, _COMMA, _BACKSLASH = 10, 13, 32, 34, 44, 92
_SQUARE_OPEN, _SQUARE_CLOSE, _CURLY_OPEN, _CURLY_CLOSE = 91, 93, 123, 125
_HEAD: Final = 64 << 10
_BOM: Final = b"\xef\xbb\xbf"


def is_document(path: Path, label: str, compression: Compression | None) -> bool:
    """Whether a file begins as an array of records, or as an object spread over several lines.

    Raises:
        InputError: If it cannot be opened.
    """
    with ByteStream(path, label, compression) as stream:
        text = stream.read(_HEAD).removeprefix(_BOM).lstrip()
    return text.startswith(b"[") or text.partition(b"\n")[0].strip() == b"{"


class DocumentStream(ByteStream):
    """The bytes of a document from its beginning on, in lines of one record each."""

    def __init__(self, path: Path, label: str, compression: Compression | None) -> None:
        super().__init__(path, label, compression)
        self._depth = 0
        self._listed = self._quoted = self._escaped = self._ended = False

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end.

        Raises:
            InputError: If the file is cut off or broken here, or ends inside a record or an array.
        """
        if self._ended:
            raise InputError(f"{self._label} breaks off inside a JSON array or object: export it again")
        data = super().read(size)
        if not data:
            if self._depth == 0:
                return b""
            # What comes before is a whole record, unless the file ends inside of one.
            self._ended = True
            return b"\n" if self._listed and self._depth == 1 else self.read(size)
        line = np.frombuffer(data, np.uint8).copy()
        self._depth, self._listed, self._quoted, self._escaped = _spread(
            line, self._depth, self._listed, self._quoted, self._escaped
        )
        return line.tobytes()


@njit(cache=True, nogil=True)
def _spread(  # noqa: C901 (one state machine)
    data: Bytes, depth: int, listed: bool, quoted: bool, escaped: bool
) -> tuple[int, bool, bool, bool]:
    """Put records on lines, in place, and return the state at the end.

    Args:
        data: Bytes of the document.
        depth: Brackets that are open before them.
        listed: Whether the outermost of these is an array of records.
        quoted: Whether they begin inside a string.
        escaped: Whether they begin behind a backslash in it.
    """
    for at in range(len(data)):
        byte = data[at]
        if quoted:
            if escaped:
                escaped = False
            elif byte == _BACKSLASH:
                escaped = True
            elif byte == _QUOTE:
                quoted = False
            if byte in (_LF, _CR):
                data[at] = _SPACE
        elif byte == _QUOTE:
            quoted = True
        elif byte in (_CURLY_OPEN, _SQUARE_OPEN):
            if depth == 0:
                listed = byte == _SQUARE_OPEN
                if listed:
                    data[at] = _LF
            depth += 1
        elif byte in (_CURLY_CLOSE, _SQUARE_CLOSE):
            depth = max(depth - 1, 0)
            if depth == 0 and listed:
                data[at] = _LF
        elif byte == _COMMA:
            if depth == 1 and listed:
                data[at] = _LF
        elif byte in (_LF, _CR) and depth > listed:
            data[at] = _SPACE
    return depth, listed, quoted, escaped
