"""What the Docker stack is made of, beside docker-compose.yml."""
