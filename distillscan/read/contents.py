"""Tell by its beginning whether a file is a log, where its name does not say so."""

from typing import Final

from distillscan.columns import REQUIRED
from distillscan.errors import InputError
from distillscan.read.canonical.conventions import Conventions
from distillscan.read.canonical.convert import to_canonical
from distillscan.read.canonical.join import KEY
from distillscan.read.formats.chunks import Source
from distillscan.read.formats.open import open_file
from distillscan.read.formats.source import first_chunk
from distillscan.read.inputs.discover import Found, Recognise
from distillscan.read.options import ReadOptions
from distillscan.read.schema.model import Kind

#: Rows of which one must be as those of a log are.
_ROWS: Final = 100


def recognise_by(options: ReadOptions, kind: Kind = "log") -> Recognise:
    """Return what tells whether a file, given by its beginning, is a log that can be read with some options.

    It is if one of its first rows has a time and an account, or just a time if its source is known or another log is
    joined; of a log to be joined, if a row has what it is joined by.
    """

    def is_log(beginning: Found) -> bool:
        try:
            opening = open_file(beginning.local, beginning.label, beginning.partitions, options, kind)
            resolution = opening.resolution
            needed = REQUIRED if resolution.schema is None and not options.joins else REQUIRED[:1]
            needed = (KEY,) if kind == "join" else needed
            chosen = resolution.only(needed)
            conventions = Conventions.of([Source(0, beginning.label, opening.reader, resolution)], options)
            frames = [
                to_canonical(chunk, 0, chosen, conventions)
                for chunk in first_chunk(opening.reader, beginning.label, chosen, _ROWS)
            ]
        except InputError:
            return False
        return any(frame.drop_nulls(needed).height for frame in frames if {*needed} <= {*frame.columns})

    return is_log
