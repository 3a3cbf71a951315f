"""What the terminal and the report show, as data and in words: each of them renders it in its own way."""
