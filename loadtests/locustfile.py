"""What Locust loads: `locust -f loadtests/locustfile.py`. The runner starts it as a subprocess."""

from loadtests.users import TrialUser

__all__ = ["TrialUser"]
