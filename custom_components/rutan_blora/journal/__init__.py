"""The journal: the append-only record of everything."""
