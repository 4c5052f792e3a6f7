"""An installed distillscan as it is timed: this one, or an earlier version in another environment."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from benchmarks.speed.processes import REPORT, STATS, Command

_ASK: Final = """
import distillscan, importlib.metadata
print(distillscan.__path__[0])
print(importlib.metadata.version("distillscan"))
"""


@dataclass(frozen=True, slots=True)
class Tool:
    """An installed distillscan.

    Attributes:
        python: The interpreter of its environment.
        package: The folder of its code.
        version: The version it was installed as.
    """

    python: Path
    package: Path
    version: str

    @classmethod
    def here(cls) -> "Tool":
        """The one that this interpreter has."""
        return cls._asked(Path(sys.executable))

    @classmethod
    def of(cls, executable: Path) -> "Tool":
        """The one that an executable ``distillscan`` starts.

        Raises:
            click.UsageError: It does not stand in a virtual environment that has the package.
        """
        python = executable.resolve().with_name("python")
        if not python.exists():
            raise click.UsageError(f"beside {executable} is no python: give the distillscan of a virtual environment")
        return cls._asked(python)

    @classmethod
    def _asked(cls, python: Path) -> "Tool":
        with tempfile.TemporaryDirectory() as elsewhere:  # a clone in the current folder would be found first
            asked = subprocess.run([python, "-c", _ASK], cwd=elsewhere, capture_output=True, text=True, check=False)
        if asked.returncode:
            raise click.UsageError(f"{python} has no distillscan: {asked.stderr.strip().splitlines()[-1]}")
        package, version = asked.stdout.split("\n")[:2]
        return cls(python, Path(package), version)

    def command(self, folder: Path, words: Sequence[str], environment: Mapping[str, str] | None = None) -> Command:
        """Any command of the tool."""
        return Command([str(self.python), "-m", "distillscan", *words], folder, environment or {})

    def analyze(
        self, folder: Path, paths: Sequence[Path], *more: str, environment: Mapping[str, str] | None = None
    ) -> Command:
        """``distillscan analyze`` with a JSON report and its own figures, written into ``folder``."""
        outputs = ("--format", "json", "-o", REPORT, "--stats", STATS, "-q")
        return self.command(folder, ["analyze", *map(str, paths), *outputs, *more], environment)

    @contextmanager
    def fresh(self, folder: Path, log: Path) -> Iterator[Command]:
        """``analyze`` as if it had never run here: nothing compiled for this machine, an empty home and cache.

        The code is copied and has its bytecode, as an installer leaves it; the interpreter finds the copy first,
        because it is in the folder in which it runs.
        """
        with tempfile.TemporaryDirectory(dir=folder) as name:
            home = Path(name)
            shutil.copytree(self.package, home / "distillscan", ignore=shutil.ignore_patterns("__pycache__"))
            subprocess.run([self.python, "-m", "compileall", "-q", "distillscan"], cwd=home, check=True)
            yield self.analyze(home, [log], environment={"HOME": name, "XDG_CACHE_HOME": str(home / "cache")})
