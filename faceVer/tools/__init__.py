"""Measuring and checking tools behind the commands: accuracy, calibration, doctor, health probe."""
