"""Makes a language model, by which recognisers choose among the texts that a picture may show.

Usage: python tools/train_language.py configs/language/english.yaml --data-root DATA --output FILE
           [KEY=VALUE ...]
"""

import argparse
from datetime import date
from pathlib import Path

from ocrkit import checkpoint
from ocrkit.checkpoint import Card, Figure
from ocrkit.train import language


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lesson", type=Path, help="a file such as configs/language/english.yaml")
    parser.add_argument("--data-root", type=Path, required=True, help="folder of its datasets")
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="in place of the file's")
    options = parser.parse_intermixed_args()
    lesson = language.read(options.lesson, options.settings)
    model = language.learn(lesson, options.data_root)
    found = language.measure(lesson, options.data_root, model)
    lists = ", ".join(lesson.languages)
    card = Card(
        family="language",
        name=lesson.name,
        config=model.config.model_dump(mode="json"),
        date=date.today().isoformat(),
        data=(
            f"word lists: {lists}",
            f"{lesson.drawn.count} texts of the synthetic engine's corpus",
            *(f"labels: {label}" for label in lesson.data),
        ),
        figures=tuple(
            Figure(
                split=f"{label} validation", protocol="texts", metric="bits a character", value=v
            )
            for label, v in found.items()
        ),
        licence="Apache-2.0",
    )
    checkpoint.save(options.output, model, card)
    for label, value in found.items():
        print(f"{label}: {value:.3f} bits a character")


if __name__ == "__main__":
    main()
