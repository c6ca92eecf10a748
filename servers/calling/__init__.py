"""How a worker calls the downstream service: by the same library in both twins, each in its way."""
