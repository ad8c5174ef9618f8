"""Tests of the journal: the append-only record of everything."""
