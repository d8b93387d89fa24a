"""Reports of folders as PDF and JSON, and the templates they are made from."""
