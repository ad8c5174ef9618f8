"""The site "Rutan Blora" on one machine: a real Home Assistant, simulated phones, a story played on them."""


class DemoError(Exception):
    """What went wrong, in words for whoever sits at the terminal."""
