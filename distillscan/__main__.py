"""``python -m distillscan``: the command line without an installed script."""

from distillscan.cli import main

if __name__ == "__main__":
    main()
