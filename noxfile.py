"""The task runner: what a contributor and CI run. ``nox -l`` lists the sessions.

Sessions use the environment that nox is installed in (``pip install -e '.[dev]'``): nothing is installed anew.
"""

import os
import shutil
import sys
from pathlib import Path

import nox

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["all"]
nox.options.stop_on_first_error = True

PLUGIN = Path("examples/plugin")


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, rules, layers and declared dependencies."""
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("lint-imports", "--no-logo")
    session.run("deptry", "distillscan")
    session.run("pre-commit", "validate-config")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly: the files that pyproject.toml lists."""
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests with coverage; arguments go on to pytest and replace the defaults."""
    defaults = ["-n", "2", "--cov", "--cov-report=term", "--cov-fail-under=95"]
    session.run("python", "-m", "pytest", *(session.posargs or defaults))


@nox.session
def docs(session: nox.Session) -> None:
    """Check that pages are current and links hold, and build the site; ``-- serve`` shows it instead."""
    if session.posargs == ["serve"]:
        session.run("python", ".ci/site_pages.py")
        session.run("zensical", "serve")
        return
    session.run("python", "docs/generate.py", "--check")
    session.run("python", ".ci/check_schema.py")
    session.run("python", ".ci/site_pages.py")
    session.run("zensical", "build", "--clean", "--strict")


@nox.session
def plugin(session: nox.Session) -> None:
    """Install the example plugin in a folder of its own and run its tests; the environment stays as it is."""
    if not PLUGIN.exists():
        session.skip(f"there is no {PLUGIN}")
    installed = Path("build", "plugin").resolve()
    shutil.rmtree(installed, ignore_errors=True)
    session.run("python", "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(installed), str(PLUGIN))
    environment = {"PYTHONPATH": str(installed)}
    options = ["-p", "no:cacheprovider", "-c", str(PLUGIN / "pyproject.toml")]
    session.run("python", "-m", "pytest", *options, str(PLUGIN), env=environment)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Run the benchmarks on small logs, to see that they work; figures need larger ones."""
    small = ["--world", "simulator", "--scenario", "small", "--rows", "3000", "--seeds", "1"]
    session.run("python", "-m", "benchmarks.detection", *small)
    session.run("python", "-m", "benchmarks.speed", "--part", "start", "--runs", "1")


@nox.session
def fix(session: nox.Session) -> None:
    """Format, repair what can be repaired, and write the generated pages."""
    session.run("ruff", "check", "--fix", ".")
    session.run("ruff", "format", ".")
    session.run("python", "docs/generate.py")


@nox.session(name="all", requires=["lint", "types", "docs", "plugin", "tests"])
def everything(session: nox.Session) -> None:
    """Run every check but the benchmarks."""
    session.log("all checks passed")
