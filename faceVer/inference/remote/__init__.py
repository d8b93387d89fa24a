"""Inference on servers that speak the Open Inference Protocol, version 2 (decision 0060)."""
