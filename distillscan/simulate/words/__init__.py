"""Word banks and sentence rules of the simulator, as TOML files; everything in them was written for this project."""
