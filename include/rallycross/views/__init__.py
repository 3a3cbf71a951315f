"""What the terminal and the report show, as data and words; each renders it in its own way."""
