"""Training: experiments from YAML, run on Lightning. Needs the extra `ocrkit[train]`."""
