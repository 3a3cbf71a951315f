"""`python -m rallycross.cli`: started by the `rallycross` script."""

import sys

from rallycross.cli.main import main

sys.exit(main(sys.argv[1:]))
