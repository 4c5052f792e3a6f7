"""Arrow arrays of any type as polars series."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from distillscan.read.values.text import decode, trim_decimals

_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES = (*(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view),)
#: What is text inside nested values: polars writes no JSON of bytes, and none of times that no calendar shows.
_SPELT_OUT = (*_BYTES, pa.types.is_timestamp, pa.types.is_date, pa.types.is_time)
#: Types of which polars makes nothing: values of these are null.
_UNUSUAL = (
    *(pa.types.is_interval, pa.types.is_union, pa.types.is_run_end_encoded),
    *(pa.types.is_list_view, pa.types.is_large_list_view),
)


class _Stream:
    """A chunked array as nothing but its C stream.

    Given one of Arrow's own arrays, polars imports all of pyarrow's functions: longer than to read a small log.
    """

    def __init__(self, array: Any) -> None:
        self._array = array

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._array.__arrow_c_stream__(requested_schema)


def to_series(array: Any) -> pl.Series:
    """Return an Arrow array as a series without copying text; dictionaries become views of one copy of each text.

    Text and bytes become text: bytes that are not UTF-8 are read as Windows-1252 (no writer or reader of Parquet checks
    them). Decimals become text. Times become UTC. Inside nested values bytes, decimals and times become text.

    Raises:
        pyarrow.ArrowInvalid: If a nested value holds broken data, or an index points behind its dictionary.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _spell_uuids(array.storage) if kind.extension_name == "arrow.uuid" else to_series(array.storage)
    if pa.types.is_dictionary(kind):
        try:
            return to_series(array.dictionary).gather(import_array(array.indices))
        except pl.exceptions.OutOfBoundsError as error:
            raise pa.ArrowInvalid("an index points behind the end of its dictionary") from error
    if is_text(kind):
        wide = pa.binary_view() if pa.types.is_string_view(kind) else pa.large_binary()
        return decode(import_array(array.view(pa.binary() if pa.types.is_string(kind) else wide)))
    plain = _plain(kind)
    if plain is None:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(array))
    if pa.types.is_nested(kind):
        array.validate(full=True)
    values = import_array(array if plain == kind else array.cast(plain))
    if pa.types.is_decimal(kind):
        return trim_decimals(values)
    return decode(values) if values.dtype == pl.Binary else values


def is_text(kind: Any) -> bool:
    """Return whether an Arrow type is text."""
    return _is(kind, _TEXT)


def import_array(array: Any) -> pl.Series:
    """Return an Arrow array, chunked or not, of a type that polars has, as a series; nothing is checked or copied."""
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array], array.type)
    return pl.Series(_Stream(chunked)).rechunk()


def _is(kind: Any, checks: Sequence[Any]) -> bool:
    return any(check(kind) for check in checks)


def _plain(kind: Any) -> Any:
    """The type to cast to for polars, perhaps the same; ``None`` where there is none."""
    if _is(kind, _UNUSUAL):
        return None
    if pa.types.is_decimal(kind):
        return pa.string()
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, "UTC")
    if not pa.types.is_nested(kind):
        return kind
    fields = [kind.field(at) for at in range(kind.num_fields)] if not pa.types.is_map(kind) else [kind.item_field]
    inner = [_plain_inside(field.type) for field in fields]
    if None in inner:
        return None
    if pa.types.is_map(kind):
        return pa.map_(pa.string(), inner[0])
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(one) for field, one in zip(fields, inner, strict=True)])
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(inner[0], kind.list_size)
    return pa.large_list(inner[0]) if pa.types.is_large_list(kind) else pa.list_(inner[0])


def _plain_inside(kind: Any) -> Any:
    """The type to cast to inside of nested values."""
    return pa.string() if _is(kind, _SPELT_OUT) else _plain(kind)


def _spell_uuids(storage: Any) -> pl.Series:
    digits = import_array(storage).bin.encode("hex")
    parts = [digits.str.slice(start, size) for start, size in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.select(pl.concat_str(parts, separator="-")).to_series()
