"""The folder use case: plan, examine, decide, present."""
