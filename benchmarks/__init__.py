"""Everything that measures distillscan: how well it detects, how fast it is. Nothing here is installed with it."""
