"""Labels: the operator, cohort and campaign of every account."""

from pathlib import Path
from typing import Final

import polars as pl

from distillscan.errors import InputError
from distillscan.files import why_unreadable
from distillscan.sanitize import clip

#: The columns of labels, all text. ``campaign`` is null or empty for the innocent.
LABELS: Final = ("account_id", "operator", "cohort", "campaign")
#: What innocent accounts without a cohort are listed as.
NO_COHORT: Final = "(no cohort)"

_PARQUET: Final = b"PAR1"
_SHOWN: Final = 60


def read_labels(path: Path) -> pl.DataFrame:
    """Read labels from CSV or Parquet (told apart by content) and check them as ``check_labels`` does.

    Raises:
        InputError: The file cannot be read, or its labels cannot be used.
    """
    shown = clip(str(path), 4 * _SHOWN)
    try:
        with path.open("rb") as file:
            parquet = file.read(len(_PARQUET)) == _PARQUET
        frame = pl.read_parquet(path) if parquet else pl.read_csv(path, infer_schema=False)
    except OSError as error:
        raise InputError(f"{shown}: {why_unreadable(error)}") from error
    except pl.exceptions.NoDataError as error:
        raise InputError(f"{shown}: the file is empty") from error
    except pl.exceptions.PolarsError as error:
        kind, why = "Parquet" if parquet else "CSV", str(error).partition("\n")[0]
        wanted = f"labels are CSV or Parquet with the columns {', '.join(LABELS)}"
        raise InputError(f"{shown}: no valid {kind} ({why}): {wanted}") from error
    try:
        return check_labels(frame)
    except InputError as error:
        raise InputError(f"{shown}: {error}") from error


def check_labels(labels: pl.DataFrame) -> pl.DataFrame:
    """Return labels as the evaluation uses them: one row an account, columns of ``LABELS`` as text.

    Empty text is null. Whoever has no operator works for themselves; innocent accounts without a cohort get
    ``NO_COHORT``.

    Raises:
        InputError: A column is missing, no account is left, an account has no name or two different labels, or
            belongs to a campaign of nobody.
    """
    absent = [name for name in LABELS if name not in labels.columns]
    if absent:
        has = ", ".join(clip(name, _SHOWN) for name in labels.columns) or "none"
        raise InputError(f"labels need the columns {', '.join(LABELS)}; missing: {', '.join(absent)}; there are: {has}")
    try:
        frame = labels.select(pl.col(name).cast(pl.String).replace("", None) for name in LABELS).unique()
    except pl.exceptions.PolarsError as error:
        raise InputError(f"labels must be text: {str(error).partition(chr(10))[0]}") from error
    if labels.is_empty():
        raise InputError("there is no account in the labels")
    if frame["account_id"].has_nulls():
        raise InputError("some rows have no account_id: name the account of each label")
    _refuse(frame.filter(pl.col("account_id").is_duplicated()), "two different labels: keep one")
    nobody = pl.col("campaign").is_not_null() & pl.col("operator").is_null()
    _refuse(frame.filter(nobody), "a campaign but no operator: name who runs it")
    return frame.with_columns(
        pl.col("operator").fill_null(pl.col("account_id")), pl.col("cohort").fill_null(NO_COHORT)
    ).sort("account_id")


def _refuse(labels: pl.DataFrame, what: str) -> None:
    """Raise InputError if there is such a label: ``account a has …``, ``3 accounts (a, …) have …``."""
    accounts = labels["account_id"].unique().sort()
    if not accounts.is_empty():
        first = clip(str(accounts[0]), _SHOWN)
        one = len(accounts) == 1
        raise InputError(f"account {first} has {what}" if one else f"{len(accounts)} accounts ({first}, …) have {what}")
