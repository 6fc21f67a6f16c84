"""Makes lexicons, in the form of ICDAR's, for a dataset that came without.

Usage: python tools/make_lexicons.py --data name=icdar images=photos labels=boxes --output lexicons

    lexicons/weak.txt, pair_weak.txt              the words of all pictures
    lexicons/strong/voc_NAME.txt, pair_voc_...    100 words for each picture: its own, and others
                                                  drawn from all

As the benchmark's, they list what a dictionary would: words of three letters or more, in upper
case, without marks at their ends; the pairs say how each is written in the pictures. Then:

    ocrkit evaluate spotting ... --lexicon strong lexicons/strong
    ocrkit evaluate spotting ... --lexicon weak lexicons/weak.txt
        --lexicon-pairs lexicons/pair_weak.txt
    ocrkit evaluate spotting ... --lexicon generic /usr/share/dict/american-english
"""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ocrkit import data
from ocrkit.config import settings
from ocrkit.data import Labels
from ocrkit.evaluate.spotting import dictionary_form

STRONG = 100
"""Words in the lexicon of one picture."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", required=True, metavar="KEY=VALUE")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0, help="of the words drawn from all")
    options = parser.parse_args()
    dataset = data.build(settings(options.data))
    own = {dataset.name(i): surfaces(dataset.labels(i)) for i in range(len(dataset))}
    everything: dict[str, str] = {}
    for words in own.values():
        everything = words | everything
    write(options.output, "weak", everything)
    for place, (name, words) in enumerate(own.items()):
        rng = np.random.default_rng([options.seed, place])
        write(options.output / "strong", f"voc_{name}", strong(words, everything, rng))
    print(f"{options.output}: {len(everything)} words of {len(own)} pictures")


def surfaces(labels: Labels) -> dict[str, str]:
    """How each word of a picture that a dictionary lists is written, by the word in upper case."""
    legible = [
        text
        for text, ignored in zip(labels.texts, labels.ignored, strict=True)
        if text is not None and not ignored
    ]
    forms = {text: dictionary_form(text) for text in reversed(legible)}
    return {form.upper(): text for text, form in forms.items() if form}


def strong(
    own: Mapping[str, str], everything: Mapping[str, str], rng: np.random.Generator
) -> dict[str, str]:
    """The words of a picture and as many others as make 100, if there are so many."""
    others = sorted(set(everything) - set(own))
    count = min(len(others), max(0, STRONG - len(own)))
    drawn = rng.choice(len(others), count, replace=False) if count else []
    return dict(own) | {others[i]: everything[others[i]] for i in drawn}


def write(folder: Path, name: str, words: Mapping[str, str]) -> None:
    """The words and the pairs of words and surface forms, in order of the alphabet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(lines(sorted(words)), "utf-8")
    pairs = lines(f"{word} {words[word]}" for word in sorted(words))
    (folder / f"pair_{name}.txt").write_text(pairs, "utf-8")


def lines(of: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in of)


if __name__ == "__main__":
    main()
