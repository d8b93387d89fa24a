"""The vendors' profile of the verification API, under prefixes of its own (FACEVER_VENDOR_PREFIX)."""
