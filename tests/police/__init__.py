"""Tests of telling the police."""
