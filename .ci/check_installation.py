"""Check how the package installs, in the environment in which the README's two commands ran one after the other.

1. Outside the clone, every module is that of the clone: the first installation left nothing that hides it.
2. Installed where it cannot write, as a system-wide installation is, and without a home folder, the program works and
   adds no file to its own folder.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CLONE: Final = Path(__file__).resolve().parents[1]
SAMPLE: Final = CLONE / "sample_logs" / "small.csv"

#: Imports every module of the package, and prints the files that lie outside of the folder it is given.
_FOREIGN_MODULES: Final = """
import importlib, pkgutil, sys, distillscan
modules = [distillscan]
for found in pkgutil.walk_packages(distillscan.__path__, "distillscan."):
    if found.name != "distillscan.__main__":
        modules.append(importlib.import_module(found.name))
print(len(modules))
print(*(m.__file__ for m in modules if m.__file__ and not m.__file__.startswith(sys.argv[1])), sep="\\n")
"""


def check_clone_is_used(elsewhere: Path) -> None:
    """Check that the clone's code runs wherever the working folder is, and nothing is left of the first install."""
    left = Path(sysconfig.get_path("purelib")) / "distillscan"
    if left.exists():
        sys.exit(f"{left} is left of the first installation: {sorted(str(p) for p in left.rglob('*'))[:5]}")
    shown = _python("-c", _FOREIGN_MODULES, f"{CLONE}{os.sep}", cwd=elsewhere)
    count, *foreign = shown.splitlines()
    if any(foreign):
        sys.exit(f"outside the clone other files than the clone's are imported: {foreign[:5]}")
    print(f"all {count} modules are the clone's")


def check_read_only_installation(elsewhere: Path) -> None:
    """Check a run of the installed program whose own folder is write-protected and stays as it was."""
    target = elsewhere / "site-packages"
    shutil.rmtree(CLONE / "build" / "lib", ignore_errors=True)  # setuptools packs what an earlier build left there
    _python("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(CLONE), cwd=elsewhere)
    package = target / "distillscan"
    before = _files(package)
    _protect(package, writable=False)
    try:
        for home in (elsewhere / "home", Path(os.devnull)):  # the second is no folder and cannot become one
            environment = {
                **{key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "NUMBA_"))},
                "PYTHONPATH": str(target),
                "HOME": str(home),
            }
            where = _python("-c", "import distillscan; print(distillscan.__file__)", cwd=elsewhere, env=environment)
            if Path(where.strip()).parent != package:
                sys.exit(f"the run was to use {package}, and uses {where}")
            _python("-m", "distillscan", "analyze", str(SAMPLE), "--quiet", cwd=elsewhere, env=environment)
    finally:
        _protect(package, writable=True)
    if added := _files(package) - before:
        sys.exit(f"a run wrote into the package's own folder: {sorted(added)[:5]}")
    print("a write-protected installation works, with and without a home folder, and stays as it was")


def _python(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """The standard output of this environment's Python; what went wrong goes to the log and ends the check."""
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: python {' '.join(arguments)}")
    return done.stdout


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def _protect(folder: Path, *, writable: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o200 if writable else mode & ~0o222)


def main() -> None:
    """Run both checks in a folder outside the clone."""
    with tempfile.TemporaryDirectory() as name:
        elsewhere = Path(name)
        (elsewhere / "home").mkdir()
        check_clone_is_used(elsewhere)
        check_read_only_installation(elsewhere)


if __name__ == "__main__":
    main()
