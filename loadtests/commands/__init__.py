"""Commands of the loadtests door, one module each."""
