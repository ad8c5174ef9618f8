"""Telling the police: anything to any device; knows no incident, camera or visit."""
