"""Weights: the manifest, fetching from the registries, preparing, verifying."""
