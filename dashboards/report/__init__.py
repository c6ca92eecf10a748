"""A summary as a terminal table and as one self-contained HTML file."""
