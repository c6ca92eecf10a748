"""Locust's own fastest client against the same page, for comparison."""

from locust import FastHttpUser, task


class Fast(FastHttpUser):
    """Asks again as soon as it is answered."""

    @task
    def hello(self) -> None:
        """One request."""
        self.client.get("/hello")
