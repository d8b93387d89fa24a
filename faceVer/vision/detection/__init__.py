"""Face detection: pictures in, faces and the subject out."""
