"""`python -m rallycross.cli`: what the `rallycross` command hands over to."""

import sys

from rallycross.cli.main import main

sys.exit(main(sys.argv[1:]))
