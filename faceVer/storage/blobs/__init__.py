"""Files of the kept half: media, thumbnails, best shots, reports; in a folder or on an S3 server, encrypted at rest."""
