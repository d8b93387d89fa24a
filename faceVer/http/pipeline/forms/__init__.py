"""Reading request bodies: multipart forms and base64, within limits."""
