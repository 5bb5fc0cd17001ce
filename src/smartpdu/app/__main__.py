"""`python -m smartpdu.app`: the command line without its script."""

import sys

from smartpdu.app.cli import main

sys.exit(main())
