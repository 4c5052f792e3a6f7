"""Turn source values into canonical columns and types."""
