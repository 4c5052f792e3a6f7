"""Model releases: read from a file, or found in the log as models that appear while it runs."""

import csv
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from distillscan.errors import UsageError
from distillscan.files import why_unreadable
from distillscan.population.accounts import Release
from distillscan.profile.tables import Profile

_MIN_ACCOUNTS: Final = 20  #: accounts on a model within three days for it to be a release
_SETTLE_DAYS: Final = 3  #: days from the log's beginning in which a model seen first is not new
_HINT: Final = (
    'a releases file is CSV with the columns "model" and "released", or TOML with [[release]] tables of the same keys'
)


def _moment(value: object, where: str) -> datetime:
    """A date or time, as TOML gives it or as text; in UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise UsageError(f"{where}: {value!r} is not a date; write 2026-04-16 or 2026-04-16T09:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_releases(path: Path) -> tuple[Release, ...]:
    """Read releases from CSV or TOML (columns or keys ``model`` and ``released``).

    Raises:
        UsageError: The file cannot be read, lacks a column, or has a date that is none.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        toml = path.suffix == ".toml"
        rows = tomllib.loads(text).get("release", []) if toml else list(csv.DictReader(text.splitlines()))
    except OSError as error:
        raise UsageError(f"--releases {path}: {why_unreadable(error)}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"--releases {path}: not a releases file ({error}); {_HINT}") from error
    releases = set()
    for number, row in enumerate(rows if isinstance(rows, list) else [None], start=1):
        where = f"{path}, entry {number}"
        if not isinstance(row, dict) or not row.get("model") or not row.get("released"):
            raise UsageError(f"{where}: model or released is missing; {_HINT}")
        releases.add(Release(str(row["model"]), _moment(row["released"], where), "file"))
    if not releases:
        raise UsageError(f"{path}: no release in it; {_HINT}")
    return tuple(sorted(releases, key=lambda r: (r.at, r.model)))


def find_releases(profile: Profile) -> tuple[Release, ...]:
    """Find models first used after the log had settled, and soon by enough accounts; at the hour of first use.

    The first hour is that of the first request but for stragglers: the hour by which one per cent of the requests of
    the model's first three days had come, so that a tester's early call does not move the release.
    """
    hour, requests, start = pl.col("hour"), pl.col("requests"), pl.col("hour").min().over("model")
    settled = pl.col("start") > hour.min() + 24 * _SETTLE_DAYS
    activity = profile.activity.with_columns(start=start).filter(
        settled, hour < pl.col("start") + 72, pl.col("model") != 0
    )
    reached = requests.cum_sum() / requests.sum()
    first_used = (
        activity.sort("model", "hour", "account")
        .group_by("model")
        .agg(pl.col("account").n_unique(), hour.filter(reached >= 0.01).min())
        .filter(pl.col("account") >= _MIN_ACCOUNTS)
        .join(profile.models, on="model")
        .sort("hour", "name")
    )
    return tuple(
        Release(name, datetime.fromtimestamp(hour * 3600, UTC), "log")
        for name, hour in first_used.select("name", "hour").iter_rows()
    )
