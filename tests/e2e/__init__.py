"""End to end: a real Home Assistant process, phones that speak the app's protocol, everything seen from outside."""
