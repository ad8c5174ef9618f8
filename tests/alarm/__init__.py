"""Tests of the alarm: from the press to the close."""
