"""The steps of every request: endpoint look-up, authentication, admission, reading the body, error responses."""
