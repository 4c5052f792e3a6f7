"""``distillscan pseudonymize``: labels and lists of accounts with the pseudonyms of a report."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from distillscan.cli.options import FILE, output_option
from distillscan.cli.streams import check_outputs, deliver, read_keyfile
from distillscan.errors import InputError

if TYPE_CHECKING:
    import polars as pl


@click.command(short_help="Replace the identities in a CSV file by pseudonyms.")
@click.argument("table", type=FILE, metavar="TABLE.csv")
@click.argument("keyfile", type=FILE, metavar="KEYFILE")
@click.option("--keep", is_flag=True, help="Keep the original values beside the pseudonyms, to look them up.")
@output_option("Write to this file; replaces it.")
def pseudonymize(table: Path, keyfile: Path, keep: bool, output: Path | None) -> None:
    """Replace the identities in a CSV file by the pseudonyms that a report under the same key shows.

    The columns account_id, org_id, ip, payment_id, email_domain, device_id, api_key_id and session_id are replaced, the
    others stay. Use it to give labels the names of a report with pseudonyms (distillscan evaluate) or, with --keep, to
    look up who is behind a pseudonym.
    """
    from distillscan.privacy.pseudonyms import replace_columns

    check_outputs({"--output": output}, (table, keyfile))
    pseudonyms = read_keyfile(keyfile)
    deliver(_csv(replace_columns(_read(table), pseudonyms, keep=keep)), output)


def _csv(table: "pl.DataFrame") -> str:
    """The table with no cell that a spreadsheet would run: originals are written by strangers."""
    from distillscan.sanitize import csv_cell

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in table.columns])
    writer.writerows([csv_cell(value) for value in row] for row in table.iter_rows())
    return text.getvalue()


def _read(table: Path) -> "pl.DataFrame":
    import polars as pl

    from distillscan.files import why_unreadable

    try:
        return pl.read_csv(table, infer_schema_length=0)
    except OSError as error:
        raise InputError(f"{table}: {why_unreadable(error)}") from error
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{table}: no CSV ({str(error).partition(chr(10))[0]})") from error
