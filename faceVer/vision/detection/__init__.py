"""Face detection: images in, faces and the subject out."""
