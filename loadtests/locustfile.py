"""What Locust loads: `locust -f loadtests/locustfile.py`, by hand or as the runner's subprocess.

By hand there are OpenUser, ClosedUser and BystanderUser to pick from; the runner names TrialUser.
"""

import os

from loadtests.users import options

if "TESTBED_PLAN" in os.environ:
    from loadtests.users.trial import TrialUser

    __all__ = ["TrialUser", "options"]
else:
    from loadtests.users.load import BystanderUser, ClosedUser, OpenUser

    __all__ = ["BystanderUser", "ClosedUser", "OpenUser", "options"]
