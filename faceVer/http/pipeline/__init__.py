"""What every request passes: endpoint look-up, authentication, admission, forms, error responses."""
