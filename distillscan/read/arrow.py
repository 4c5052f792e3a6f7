"""Arrow arrays of any type as polars series; keys followed below objects and maps."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from distillscan.read.jsontext import dig_json
from distillscan.read.values import decode, to_json, trim_decimals

_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)


def dig_arrow(array: Any, keys: Sequence[str]) -> pl.Series:
    """Follow ``keys`` below each value of a chunked array (objects, maps, lists, JSON text); nothing there is null."""
    while keys:
        kind = array.type
        if pa.types.is_struct(kind):
            # A key may itself contain dots: the longest one that is a field counts.
            sizes = [size for size in range(len(keys), 0, -1) if kind.get_field_index(".".join(keys[:size])) >= 0]
            if not sizes:
                return pl.Series([None], dtype=pl.String).new_from_index(0, len(array))
            array = pc.struct_field(array, [".".join(keys[: sizes[0]])])
            keys = keys[sizes[0] :]
        elif pa.types.is_map(kind) and is_text(kind.key_type):
            array, size = _look_up(array, keys)
            keys = keys[size:]
        else:
            values = to_series(array)
            if isinstance(values.dtype, pl.List | pl.Array):
                values = to_json(values)
            if values.dtype == pl.String:
                return dig_json(values, tuple(keys))
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(array))
    return to_series(array)


def _look_up(array: Any, keys: Sequence[str]) -> tuple[Any, int]:
    """The values of a map under the longest of the keys, joined by dots, that any row has, and how many they were."""
    for size in range(len(keys), 0, -1):
        found = pc.map_lookup(array, pa.scalar(".".join(keys[:size]), array.type.key_type), "first")
        if size == 1 or found.null_count < len(found):
            break
    return found, size


def to_series(array: Any) -> pl.Series:
    """Return a chunked array as a series without copying text; dictionaries are decoded to views of the same text.

    Text that is not UTF-8 (nothing on the way from the writer checks it) gets U+FFFD for the broken bytes.

    Raises:
        pyarrow.ArrowInvalid: If a nested value holds broken data.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(array)
    if pa.types.is_dictionary(kind):
        return _decoded(array)
    if is_text(kind):
        chunks = [chunk.view(_bytes_of(kind)) for chunk in _chunks(array)]
        return decode(as_series(pa.chunked_array(chunks, _bytes_of(kind))))
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return as_series(array.cast(pa.timestamp(kind.unit, "UTC")))
    if pa.types.is_decimal(kind):
        return trim_decimals(as_series(array.cast(pa.string())))
    if pa.types.is_interval(kind):
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(array))
    if pa.types.is_nested(kind):
        array.validate(full=True)
    return as_series(array)


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is text."""
    return any(check(kind) for check in _TEXT)


def _bytes_of(kind: Any) -> Any:
    if pa.types.is_string_view(kind):
        return pa.binary_view()
    return pa.large_binary() if pa.types.is_large_string(kind) else pa.binary()


def _chunks(array: Any) -> Sequence[Any]:
    return array.chunks if isinstance(array, pa.ChunkedArray) else [array]


def as_series(array: Any) -> pl.Series:
    """Return an Arrow array of a type that polars has as a series."""
    return pl.Series(pl.from_arrow(array))


def _decoded(array: Any) -> pl.Series:
    parts = [to_series(chunk.dictionary).gather(as_series(chunk.indices)) for chunk in _chunks(array)]
    return pl.concat(parts) if parts else to_series(pa.chunked_array([], array.type.value_type))


def _extension(array: Any) -> pl.Series:
    """Extension types by what they are stored as; a UUID in its usual spelling."""
    name = array.type.extension_name
    storage = pa.chunked_array([chunk.storage for chunk in _chunks(array)], array.type.storage_type)
    values = to_series(storage)
    if name != "arrow.uuid":
        return values
    digits = values.bin.encode("hex")
    parts = [digits.str.slice(start, size) for start, size in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.select(pl.concat_str(parts, separator="-")).to_series()
