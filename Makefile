.PHONY: setup check test slow

setup:
	python -m pip install -e ".[dev]" && pre-commit install

check:
	ruff check . && ruff format --check . && mypy && lint-imports

test:
	python -m pytest

slow:
	python -m pytest -m slow
