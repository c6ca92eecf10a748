"""The only part of the loadtests that touches the world: servers, generators, folders."""
