"""The command `ocrkit`. Each module here is one command: it parses, calls ocrkit, and prints.

Importing this package costs little: what needs torch, OpenCV or NumPy is imported by the command
that needs it, so that `ocrkit --help` answers at once.
"""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ocrkit import __version__
from ocrkit.cli import data, evaluate, models, synth
from ocrkit.cli._options import EXIT_STATUS
from ocrkit.cli.demo import demo
from ocrkit.cli.detect import detect
from ocrkit.cli.doctor import doctor
from ocrkit.cli.e2e import e2e
from ocrkit.cli.recognize import recognize
from ocrkit.cli.train import overfit, train
from ocrkit.errors import ImageError, OCRKitError
from ocrkit.memory import keep_freed


class Commands(TyperGroup):
    """A command that ends a deliberate error with its message and a status, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except OCRKitError as error:
            typer.echo(f"ocrkit: {error}", err=True)
            raise typer.Exit(1 if isinstance(error, ImageError) else 2) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(130) from error


app = typer.Typer(
    cls=Commands,
    help="Scene-text OCR: finds and reads the words in photographs.",
    epilog=EXIT_STATUS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ocrkit {__version__}")
        raise typer.Exit


@app.callback()
def default(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Scene-text OCR: finds and reads the words in photographs."""


for command in (e2e, detect, recognize):
    app.command(epilog=EXIT_STATUS)(command)
app.add_typer(models.app, name="models")
app.command()(demo)
app.command()(doctor)
app.add_typer(evaluate.app, name="evaluate")
app.command()(train)
app.command()(overfit)
app.add_typer(synth.app, name="synth")
app.add_typer(data.app, name="data")


def main() -> None:
    """The command `ocrkit`."""
    keep_freed()
    app(prog_name="ocrkit")
