"""Import and export of results: Rally's JSON both ways, Rally's table of durations, CSV and Parquet."""
