"""What the functions of all services share."""

import json


def answer(status, body=None):
    """An answer as API Gateway takes it from a function."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": "" if body is None else json.dumps(body),
    }
