"""Active liveness: what a face does in a video, frame by frame, and which gestures that is."""
