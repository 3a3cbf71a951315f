#!/usr/bin/env bash
# Maps what has registered.
sort -u "$HOME/data/cell" > "$HOME/data/mapped"
cat "$HOME/data/mapped"
