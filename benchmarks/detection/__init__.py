"""Measures what distillscan finds and whom it accuses, on the logs of any world."""
