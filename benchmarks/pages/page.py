"""Figures on a page of the docs: they stand between two marker lines, so that prose around them is left alone."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
_END: Final = "<!-- figures: end -->"


@dataclass(frozen=True, slots=True)
class Page:
    """A page with a place for the figures that ``command`` writes."""

    path: Path
    command: str

    @property
    def begin(self) -> str:
        """The line after which the figures stand."""
        return f"<!-- figures: begin; written by {self.command} -->"

    def around(self) -> tuple[str, str]:
        """Return the text up to the place for the figures, and the text from its end.

        Raises:
            click.UsageError: The page has no such place.
        """
        head, begin, rest = self.path.read_text(encoding="utf-8").partition(self.begin)
        _, end, tail = rest.partition(_END)
        if not (begin and end):
            raise click.UsageError(f"{self.path} has no lines {self.begin} and {_END}: the figures go between them")
        return head + begin, end + tail

    def write(self, figures: str) -> None:
        """Put the figures in place of those before."""
        head, tail = self.around()
        self.path.write_text(f"{head}\n\n{figures.strip()}\n\n{tail}", encoding="utf-8")


def commit() -> str:
    """Return the commit of the clone, with "-dirty" if it was changed since; empty if this is no clone."""
    return _git("describe", "--always", "--dirty")


def check_clean() -> None:
    """Make sure that figures can be repeated.

    Raises:
        click.UsageError: The clone has changes that are not committed.
    """
    if changed := _git("status", "--porcelain", "--untracked-files=no"):
        files = ", ".join(line[3:] for line in changed.splitlines())
        raise click.UsageError(f"figures of changed code cannot be repeated: commit or stash {files} first")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.rstrip()


def circumstances(command: str, *packages: str, details: str = "") -> str:
    """Say with what was measured: versions of the tool, of Python and of packages, the machine, the command."""
    described = f", commit {found}" if (found := commit()) else ""
    libraries = "".join(f", {name} {version(name)}" for name in packages)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"distillscan {version('distillscan')}{described}; Python {platform.python_version()}{libraries}; "
        f"{platform.system()} on {_processor()}, {memory:.0f} GiB{details}. Command:\n\n    {command}"
    )


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text(encoding="utf-8").splitlines() if cpus.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}" if names else f"{os.cpu_count()} cores ({platform.machine()})"
