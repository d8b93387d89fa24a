"""HTTP: routes, transfer encodings, errors as responses. The only importer of aiohttp."""
