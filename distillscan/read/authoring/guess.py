"""Look at a log of an unknown source and write a first schema for it, with guesses and what else is there."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from distillscan.columns import CANONICAL, REQUIRED
from distillscan.errors import InputError
from distillscan.read.bodies.request import BODY_KEYS, extract, load
from distillscan.read.bodies.response import answer
from distillscan.read.formats.chunks import Reader, Source
from distillscan.read.formats.open import open_file
from distillscan.read.formats.source import recognise_source
from distillscan.read.options import ReadOptions
from distillscan.read.schema.hints import HINTS, normalise
from distillscan.read.schema.model import NO_SCHEMA, Schema, presets
from distillscan.read.schema.resolve import Resolution, SourcePath
from distillscan.read.values.jsontext import join_path, parse, value_text
from distillscan.read.values.text import to_text
from distillscan.sanitize import clip, visible

#: Rows looked at, paths kept, steps followed into objects, and characters of an example.
_ROWS: Final = 200
_PATHS: Final = 400
_STEPS: Final = 5
_EXAMPLE: Final = 48
_TEXTS: Final = ("system_prompt", "prompt", "response")
_HEAD: Final = """\
# A log schema for {label}, guessed from its first rows. Edit it, look at what it gives with
#   distillscan schema check THIS.toml {label}
# and use it with
#   distillscan analyze {label} --schema THIS.toml
# A path is a column, or keys below it with dots between them: user.id, messages[0].content, tags[key=ip].value.
# Several paths, as in ["user", "end_user"], are tried in this order for every row.
"""


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the records, and the values found there that are not empty."""

    steps: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def path(self) -> str:
        return join_path(self.steps)


def guess_schema(path: Path, label: str, name: str) -> str:
    """Return the TOML text of a schema for a file, with guesses where names or contents tell, and comments.

    Args:
        path: The file.
        label: Its name for the comments.
        name: Name of the schema.

    Raises:
        InputError: If the file cannot be read, or holds no record.
    """
    if not path.is_file() or not path.stat().st_size:
        raise InputError(f"{label} does not exist, is empty, or is no file: name one file of the log")
    reader = open_file(path, label, {}, ReadOptions(schema=NO_SCHEMA)).reader
    known = recognise_source(reader, label, [one for one in presets().values() if one.kind == "log"])
    places = list(_places(reader, label))
    if not places:
        raise InputError(f"{label} holds no record: nothing to guess from")
    bodies = _bodies(places)
    outside = [one for one in places if not any(_is_within(one, body) for body in bodies.values())]
    columns = _columns(outside)
    spare = [one for one in outside if one not in columns.values()]
    return "".join(_lines(visible(label), name, next(iter(known), None), columns, bodies, spare))


def _places(reader: Reader, label: str) -> Iterator[_Place]:
    """Every place in the first rows, objects and JSON text followed by what is in them."""
    names = list(dict.fromkeys(column.name for column in reader.columns))[:_PATHS]
    resolution = Resolution({name: SourcePath(name) for name in names})
    values: dict[tuple[str, ...], dict[str, None]] = {}
    for chunk in islice(Source(0, label, reader, resolution).chunks(resolution, _ROWS), 1):
        for name in names:
            for text in to_text(chunk.columns[name]).head(_ROWS):
                _collect(values, (name,), text)
    for steps, seen in values.items():
        if all("" not in step.split(".") and visible(step) == step and not set(step) & set("[]") for step in steps):
            yield _Place(steps, tuple(seen))


def _collect(values: dict[tuple[str, ...], dict[str, None]], steps: tuple[str, ...], value: Any) -> None:
    if len(values) >= _PATHS and steps not in values:
        return
    seen = values.setdefault(steps, {})
    text = value_text(value)
    if text and len(seen) < _ROWS:
        seen[text] = None
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = parse(value)
        except ValueError:
            return
    if isinstance(value, dict) and len(steps) < _STEPS:
        for key, below in value.items():
            _collect(values, (*steps, key), below)


def _bodies(places: Sequence[_Place]) -> dict[str, _Place]:
    """The place of each part of the body: the outermost with such contents, else the one with the likeliest name."""
    answers = [one for one in places if _hints(one, "response")]
    asks = [one for one in places if one not in answers and not _hints(one, "system_prompt")]
    likeliest = {
        "request": next((one for one in asks if _holds(one, _asks)), _best(places, "prompt", (1,))),
        "system": _best(places, "system_prompt", (1,)),
        "response": next((one for one in answers if _holds(one, _answers)), _best(places, "response", (1,))),
    }
    bodies = {part: one for part, one in likeliest.items() if one is not None}
    if "request" in bodies and "system" in bodies and _is_within(bodies["system"], bodies["request"]):
        del bodies["system"]  # it is found in the request
    return bodies


def _columns(places: Sequence[_Place]) -> dict[str, _Place]:
    """Canonical column to the place whose name hints at it best; no place serves two columns."""
    columns: dict[str, _Place] = {}
    free = [one for one in places if not all(value[:1] in ("{", "[") for value in one.values)]
    for canonical in CANONICAL:
        if canonical not in _TEXTS and (best := _best(free, canonical, (1, 2, _STEPS))):
            free.remove(best)
            columns[canonical] = best
    return columns


def _best(places: Sequence[_Place], canonical: str, sizes: Sequence[int]) -> _Place | None:
    """The place whose last steps, so many of them, are the best hint at a column; of equals the shortest, the first."""
    hints = HINTS[canonical]
    ranked = [
        (hints.index(name), len(one.steps), at)
        for at, one in enumerate(places)
        for name in (normalise("".join(one.steps[-size:])) for size in sizes)
        if name in hints and one.values
    ]
    return places[min(ranked)[2]] if ranked else None


def _asks(value: str) -> bool:
    """Whether a value is a request body or its messages, and not what they are wrapped in."""
    body, _ = load(value)
    if isinstance(body, dict) and not BODY_KEYS.intersection(body):
        return False
    asked = extract(body)
    return asked.prompt is not None and asked.problem is None


def _answers(value: str) -> bool:
    return answer(value).response is not None


def _holds(one: _Place, test: Callable[[str], bool]) -> bool:
    """Whether most values are JSON, and most of that passes a test."""
    values = [value for value in one.values if value not in ("{}", "[]")]
    bodies = [value for value in values if value[:1] in ("{", "[")]
    return 2 * len(bodies) > len(values) and 2 * sum(map(test, bodies)) > len(bodies)


def _hints(one: _Place, canonical: str) -> bool:
    return any(normalise(step) in HINTS[canonical] for step in (*one.steps, "".join(one.steps)))


def _is_within(one: _Place, outer: _Place) -> bool:
    return one.steps[: len(outer.steps)] == outer.steps


def _lines(
    label: str,
    name: str,
    known: Schema | None,
    columns: Mapping[str, _Place],
    bodies: Mapping[str, _Place],
    spare: Sequence[_Place],
) -> Iterator[str]:
    yield _HEAD.format(label=label)
    if known is not None:
        yield f"# The file looks like one that --schema {known.name} reads already ({known.summary}).\n"
    yield f"\nname = {_quoted(name)}\nsummary = {_quoted(f'schema for {label}')}\n\n[columns]\n"
    for canonical in CANONICAL:
        if canonical in columns:
            yield f"{canonical} = {_quoted(columns[canonical].path)}\n"
        elif canonical not in _TEXTS:
            needed = "  # required: say where it is" if canonical in REQUIRED else ""
            yield f'# {canonical} = ""{needed}\n'
    yield "\n# Bodies, messages or plain text; system prompt and conversation are found in the request.\n[body]\n"
    for part in ("request", "system", "response"):
        yield f"{part} = {_quoted(bodies[part].path)}\n" if part in bodies else f'# {part} = ""\n'
    yield '# turns = "last"  # the last user message alone, not the conversation\n'
    yield "\n# What else is there, with an example:\n" if spare else ""
    for one in spare:
        yield f"#   {one.path}" + (f"  {clip(one.values[0], _EXAMPLE)}" if one.values else "") + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
