"""Binary templates and calibrated comparison scores."""
