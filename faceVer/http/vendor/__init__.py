"""The vendor profile: verification and liveness as vendors must offer them, under FACEVER_VENDOR_PREFIX."""
