"""Logs, stage timings, metrics, progress lines and the limits of the control group."""
