"""The alarm: from the press to the close."""
