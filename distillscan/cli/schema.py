"""``distillscan schema``: the log schemas there are, and how to make one's own."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from distillscan.cli.options import join_option, output_option, table_or_json
from distillscan.cli.streams import deliver, print_json, print_text
from distillscan.errors import UsageError

if TYPE_CHECKING:
    from distillscan.read.authoring.check import SchemaCheck


@click.group(short_help="List, show, write and try log schemas.")
def schema() -> None:
    """List, show, write and try schemas: which field of a source is which canonical column."""


@schema.command("list")
@table_or_json
def list_schemas(format_: str) -> None:
    """List the packaged schemas."""
    from distillscan.read.schema.model import presets

    found = [
        {"name": one.name, "use": "--join" if one.kind == "join" else "--schema", "summary": one.summary}
        for one in presets().values()
    ]
    if format_ == "json":
        print_json(found)
        return
    width = max(len(one["name"]) for one in found)
    print_text("".join(f"{one['name']:<{width}}  {one['use']:<8}  {one['summary']}\n" for one in found))


@schema.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Print the TOML of a packaged schema, to start your own from."""
    from distillscan.read.schema.model import load_schema, preset_text

    if name.endswith(".toml"):
        raise UsageError(f"{name} is a file of your own: schema show prints packaged ones")
    load_schema(name)
    print_text(preset_text(name))


@schema.command("init")
@click.argument("log", metavar="LOG")
@output_option("Write to this new .toml file.")
def init(log: str, output: Path | None) -> None:
    """Write a schema for LOG to edit: a guess for each column, and the fields that are left."""
    from distillscan.read.authoring.guess import guess_schema

    if output is not None and output.suffix != ".toml":
        raise UsageError(f"--output {output}: the file of a schema must end in .toml")
    if output is not None and output.exists():
        raise UsageError(f"--output {output} exists already: choose another file, or remove it")
    if "://" in log:
        raise UsageError(f"{log}: schema init looks at a file on this machine: copy one there first")
    name = output.stem if output is not None else Path(log).name.partition(".")[0] or "mine"
    deliver(guess_schema(Path(log), log, name), output)


@schema.command("check")
@click.argument("schema_", metavar="SCHEMA")
@click.argument("log", metavar="LOG")
@join_option
@click.option(
    "--rows", type=click.IntRange(1), default=1000, show_default=True, metavar="N", help="Read so many records."
)
@table_or_json
def check(schema_: str, log: str, joins: tuple[str, ...], rows: int, format_: str) -> None:
    """Read the first rows of LOG by a schema and show what each column holds.

    SCHEMA is the name of a packaged schema, a TOML file, or none.
    """
    from distillscan.read.authoring.check import check_schema
    from distillscan.read.options import ReadOptions

    found = check_schema(log, ReadOptions(schema=schema_, joins=joins), rows)
    if format_ == "json":
        print_json(asdict(found))
    else:
        print_text(_table(found), for_people=True)


def _table(found: "SchemaCheck") -> str:
    from distillscan.sanitize import clip
    from distillscan.wording import counted

    lines = [f"{counted(found.used, 'request')} in {counted(found.rows, 'row')}"]
    lines += [f"  {count:,} left out: {reason}" for reason, count in found.rejected.items()]
    width = max((len(one.column) for one in found.columns), default=0)
    lines += ["", f"{'column':<{width}}  {'filled':>7}  {'values':>7}  examples"] if found.columns else []
    for one in found.columns:
        filled = f"{one.filled / found.used:.0%}"
        examples = " | ".join(clip(text, 40) for text in one.examples)
        lines.append(f"{one.column:<{width}}  {filled:>7}  {one.distinct:>7,}  {examples}")
    lines += ["", f"empty: {', '.join(found.empty)}"] if found.empty else []
    if found.tools:
        lines.append(f"tools: {clip(', '.join(found.tools), 100)}")
    if found.pictures:
        lines.append(f"pictures: {counted(found.pictures, 'request')}")
    lines += [f"note: {clip(text, 400)}" for text in found.notes]
    return "\n".join(lines) + "\n"
