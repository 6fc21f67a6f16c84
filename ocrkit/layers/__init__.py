"""Network parts that more than one model uses. Torch only; knows no model."""
