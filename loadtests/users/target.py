"""What answers at the target: the label under which a load by hand counts."""

from __future__ import annotations

import http.client
import json

from loadtests.guard import Target

PATIENCE_S = 2.0


def profile_of(target: Target) -> str:
    """The profile that a server of the testbed says it is; of any other its name and port."""
    connection = http.client.HTTPConnection(target.address, target.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/parity", headers={"Connection": "close"})
        found = json.loads(connection.getresponse().read())["profile"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        found = None
    finally:
        connection.close()
    return found if isinstance(found, str) and found else f"{target.name}:{target.port}"
