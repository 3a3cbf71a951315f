"""The engine: pace, drive, samples."""
