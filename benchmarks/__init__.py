"""How fast a press reaches the police, beside what Home Assistant offers itself; run with scripts/benchmark."""
