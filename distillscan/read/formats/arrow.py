"""Arrow arrays of any type as polars series; keys followed below objects and maps."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from distillscan.profile.text.arrow_buffers import as_series
from distillscan.read.canonical.jsontext import dig_json
from distillscan.read.canonical.values import decode, tame, to_json, trim_decimals

#: List views among them: Arrow's own conversion to lists is broken.
_UNUSUAL = (
    *(pa.types.is_interval, pa.types.is_union, pa.types.is_run_end_encoded),
    *(pa.types.is_list_view, pa.types.is_large_list_view),
)
_BYTES = (*(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view),)
_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)


def _compute() -> Any:
    """Arrow's functions: loading them takes a tenth of a second, which a log without nested columns need not wait."""
    import pyarrow.compute

    return pyarrow.compute


def dig_arrow(array: Any, keys: Sequence[str]) -> pl.Series:
    """Follow ``keys`` below each value of a chunked array (objects, maps, lists, JSON text); nothing there is null."""
    while keys:
        kind = array.type
        if pa.types.is_struct(kind):
            # A key may itself contain dots: the longest one that is a field counts.
            sizes = [size for size in range(len(keys), 0, -1) if kind.get_field_index(".".join(keys[:size])) >= 0]
            if not sizes:
                return pl.Series([None], dtype=pl.String).new_from_index(0, len(array))
            array = _compute().struct_field(array, [".".join(keys[: sizes[0]])])
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
        found = _compute().map_lookup(array, pa.scalar(".".join(keys[:size]), array.type.key_type), "first")
        if size == 1 or found.null_count < len(found):
            break
    return found, size


def to_series(array: Any) -> pl.Series:
    """Return a chunked array as a series without copying text; dictionaries are decoded to views of the same text.

    Bytes that are not UTF-8 (nothing on the way from the writer checks text) are read as Windows-1252. Types that no
    log has reason to use give nulls.

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
        return as_series(array if kind.tz == "UTC" else array.cast(pa.timestamp(kind.unit, "UTC")))
    if pa.types.is_decimal(kind):
        return trim_decimals(as_series(array.cast(pa.string())))
    plain = _plain(kind)
    if plain is None:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(array))
    if pa.types.is_nested(kind):
        array.validate(full=True)
        array = array if plain == kind else array.cast(plain)
        for chunk in _chunks(array):
            _check_times(chunk)
    return as_series(array)


def _plain(kind: Any) -> Any:
    """The type of which polars can make JSON for a type, perhaps itself; ``None`` where there is none."""
    if any(check(kind) for check in _UNUSUAL):
        return None
    if not pa.types.is_nested(kind):
        return kind
    fields = [kind.field(at) for at in range(kind.num_fields)] if not pa.types.is_map(kind) else [kind.item_field]
    inner = [_text_inside(field.type) for field in fields]
    if any(one is None for one in inner):
        return None
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, inner[0])
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(one) for field, one in zip(fields, inner, strict=True)])
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(inner[0], kind.list_size)
    return pa.large_list(inner[0]) if pa.types.is_large_list(kind) else pa.list_(inner[0])


def _text_inside(kind: Any) -> Any:
    """What bytes are inside of nested values, where polars knows no JSON for them."""
    if any(check(kind) for check in _BYTES):
        return pa.string()
    return _plain(kind)


def _check_times(array: Any) -> None:
    """Refuse times inside nested values that no calendar can show: polars gives up on them."""
    kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        series = as_series(array)
        if tame(series).null_count() != series.null_count():
            raise pa.ArrowInvalid("a time inside a nested value is out of range")
    elif pa.types.is_map(kind):
        _check_times(array.items)
    elif pa.types.is_struct(kind):
        for part in array.flatten():
            _check_times(part)
    elif pa.types.is_nested(kind):
        _check_times(array.flatten())


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is text."""
    return any(check(kind) for check in _TEXT)


def _bytes_of(kind: Any) -> Any:
    if pa.types.is_string_view(kind):
        return pa.binary_view()
    return pa.large_binary() if pa.types.is_large_string(kind) else pa.binary()


def _chunks(array: Any) -> Sequence[Any]:
    return array.chunks if isinstance(array, pa.ChunkedArray) else [array]


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
