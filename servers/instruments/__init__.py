"""What a worker measures of its requests and of itself, in the same words for both twins."""
