"""The sets that can be read. Each public module here is one; see docs/datasets/index.md."""
