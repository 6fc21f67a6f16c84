"""`python -m ocrkit` is the command `ocrkit`."""

from ocrkit.cli import main

main()
