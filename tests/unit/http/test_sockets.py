"""Listening sockets."""

from __future__ import annotations

import errno

from faceVer.http.server.sockets import cannot_listen
from faceVer.settings.model import Settings


def test_the_error_of_a_port_in_use_names_a_way_out() -> None:
    settings = Settings.of(host="127.0.0.1", port=80)
    in_use, forbidden = (
        str(cannot_listen(settings, OSError(number, "Why"))) for number in (errno.EADDRINUSE, errno.EACCES)
    )
    assert forbidden == "cannot listen on 127.0.0.1:80: Why"
    assert in_use == f"{forbidden}; choose another with --port (PORT= for make serve)"
