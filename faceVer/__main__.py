"""python -m faceVer."""

import sys

from faceVer.cli import main

sys.exit(main())
