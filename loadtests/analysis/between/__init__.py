"""Two saved runs held against each other."""
