"""A stand-in for an installed tool: a package of one module, and an interpreter that runs it."""

import sys
from pathlib import Path


def stand_in(folder: Path, source: str) -> tuple[Path, Path]:
    """Write the package ``distillscan`` with this as its program; return the interpreter and the package."""
    package = folder / "site" / "distillscan"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(source)
    interpreter = folder / "python"
    interpreter.write_text(f'#!/bin/sh\nPYTHONPATH={folder / "site"} exec {sys.executable} "$@"\n')
    interpreter.chmod(0o755)
    return interpreter, package
