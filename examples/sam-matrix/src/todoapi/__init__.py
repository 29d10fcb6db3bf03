"""To-dos behind an API: one function takes every request."""

import json
import os
import uuid

from common import answer

_table = None


def table():
    """The table, made when it is first needed, so that tests can do without AWS."""
    global _table
    if _table is None:
        import boto3

        _table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    return _table


def handler(event, _context):
    """Takes a request of API Gateway to the function that does it."""
    key = event["path"].strip("/")
    match event["httpMethod"], key:
        case "GET", "todos":
            return answer(200, table().scan()["Items"])
        case "POST", "todos":
            item = {**json.loads(event["body"]), "id": uuid.uuid4().hex}
            table().put_item(Item=item)
            return answer(201, item)
        case "DELETE", _ if key.startswith("todos/"):
            table().delete_item(Key={"id": key.removeprefix("todos/")})
            return answer(204)
        case _:
            return answer(404, {"message": f"there is no {key}"})
