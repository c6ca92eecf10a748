"""What is compared: one service written twice, and the ways to serve it."""
