"""Perimeter cameras of Rutan Blora."""
