"""Tests of the perimeter cameras."""
