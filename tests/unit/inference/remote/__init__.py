"""Remote inference against a small server that makes faults."""
