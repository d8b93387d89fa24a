"""Operations: health, probes, metrics, version, OpenAPI."""
