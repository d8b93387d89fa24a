"""Remote inference with a real MLServer."""
