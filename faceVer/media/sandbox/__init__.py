"""Decoding of files from clients in helper processes (docs/decisions/0050-decoding-sandbox.md).

`pool` is the server's side; `fork_server` and `helper` run in the other processes, which import neither settings nor
models.
"""
