"""Values, entities and errors. No wire codes, no HTTP; imports nothing else of this package."""
