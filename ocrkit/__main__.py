"""`python -m ocrkit` is the command `ocrkit`."""

from ocrkit.cli import app

app(prog_name="ocrkit")
