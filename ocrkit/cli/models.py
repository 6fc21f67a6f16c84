"""`ocrkit models`: which models there are, and what is known of them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ocrkit.errors import UnknownModelError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.checkpoint import Card

app = typer.Typer(
    help="List the models that come with ocrkit, with their figures, or show all of one."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback(invoke_without_command=True)
def default(context: typer.Context, as_json: AsJson = False) -> None:
    """List the models that come with ocrkit, with their figures, or show all of one."""
    if context.invoked_subcommand is None:
        list_models(as_json)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """The models that come with ocrkit, and the networks that can be trained."""
    from ocrkit.checkpoint import shipped

    models = shipped()
    if as_json:
        typer.echo(json.dumps([_record(path, card) for path, card in models.items()], indent=2))
        return
    for path, card in models.items():
        typer.echo("\n".join([_title(path, card), *_figures(card)]))
    for family, names in _networks().items():
        typer.echo(f"networks to train: {family}: {', '.join(names)}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A model that `models` lists, or a weights file.")],
    as_json: AsJson = False,
) -> None:
    """All that is known of a model: origin, figures, and every setting with its meaning."""
    from ocrkit import checkpoint

    path = _find(name)
    card = checkpoint.read_card(path)
    # Loading proves that the file is whole.
    config = checkpoint.load(card.family, path).config
    if as_json:
        typer.echo(json.dumps(_record(path, card), indent=2))
        return
    lines = [
        _title(path, card),
        f"    file      {path}",
        f"    sha256    {checkpoint.sha256(path)}",
    ]
    told_otherwise = {"family", "name", "config", "figures", "ranges"}
    lines += [
        f"    {key:<9} {'; '.join(value) if isinstance(value, tuple) else value}"
        for key, value in card.model_dump(exclude=told_otherwise).items()
        if value
    ]
    if card.ranges:
        lines.append(f"    ranges    of {len(card.ranges)} convolutions, for arithmetic in 8 bits")
    lines += [
        "figures",
        *_figures(card),
        _settings(card),
    ]
    for key, field in type(config).model_fields.items():
        meaning = f"  # {field.description}" if field.description else ""
        lines.append(f"    {key} = {getattr(config, key)!r}{meaning}")
    typer.echo("\n".join(lines))


def _find(name: str) -> Path:
    """The weights file of a name in any family, or at a path."""
    from ocrkit import catalog, checkpoint

    named = {card.name: path for path, card in checkpoint.shipped().items()}
    if name in named:
        return named[name]
    if Path(name).is_file():
        return Path(name)
    raise UnknownModelError(catalog.unknown("models", name, [*named, "the path of a weights file"]))


def _record(path: Path, card: "Card") -> dict[str, Any]:
    """Plain values for JSON."""
    from ocrkit.checkpoint import sha256

    about = {"file": str(path), "bytes": path.stat().st_size, "sha256": sha256(path)}
    return card.model_dump(mode="json") | about


def _title(path: Path, card: "Card") -> str:
    """One line."""
    from ocrkit.checkpoint import BLOCKS, sha256

    size = f"{path.stat().st_size / 1e6:.1f} MB"
    return f"{card.name}  {BLOCKS[card.family]}  {size}  sha256 {sha256(path)[:12]}"


def _settings(card: "Card") -> str:
    """What stands above a model's settings; those of a language are what it was learnt with."""
    from ocrkit.checkpoint import BLOCKS

    if card.family == "language":
        return "settings, which are fixed"
    return f"settings, for --set {BLOCKS[card.family]}.KEY=VALUE"


def _figures(card: "Card") -> list[str]:
    """One line per figure."""
    shown = [f"    {f.split}, {f.protocol}: {f.metric} {f.value:.4g}" for f in card.figures]
    return shown or ["    no figures"]


def _networks() -> dict[str, list[str]]:
    """The catalogue of each family that `ocrkit train` trains."""
    from importlib.util import find_spec, module_from_spec

    from ocrkit.catalog import names
    from ocrkit.checkpoint import FAMILIES

    # The packages are found but not run, which spares a list the seconds of importing torch.
    trained = [family for family in FAMILIES if family != "language"]
    specs = {family: find_spec(f"ocrkit.{family}") for family in trained}
    return {family: names(module_from_spec(spec)) for family, spec in specs.items() if spec}
