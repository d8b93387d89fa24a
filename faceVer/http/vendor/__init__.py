"""The vendor profile: the verification API that vendors must offer, under the prefixes of FACEVER_VENDOR_PREFIX."""
