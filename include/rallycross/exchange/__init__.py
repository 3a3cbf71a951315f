"""Results in the forms of others: Rally's JSON both ways, Rally's table of durations, flat rows for CSV and Parquet."""
