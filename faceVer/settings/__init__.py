"""The settings: their definition and their loader (FACEVER_* variables, TOML file)."""
