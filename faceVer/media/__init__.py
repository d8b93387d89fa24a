"""Uploaded files to frames. Every limit is checked before memory is spent; every rejection is a SampleError.

Media gets `limits.MediaLimits`, never the settings.
"""
