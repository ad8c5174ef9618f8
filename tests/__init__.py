"""Tests of Rutan Blora."""
