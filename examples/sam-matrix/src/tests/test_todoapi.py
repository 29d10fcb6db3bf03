"""The API without AWS: a dictionary is the table."""

import json
import unittest

import todoapi


class Table(dict):
    def scan(self):
        return {"Items": list(self.values())}

    def put_item(self, Item):
        self[Item["id"]] = Item

    def delete_item(self, Key):
        self.pop(Key["id"], None)


class TodoApi(unittest.TestCase):
    def setUp(self):
        todoapi._table = Table()

    def ask(self, method, path, body=None):
        event = {"httpMethod": method, "path": path, "body": json.dumps(body)}
        return todoapi.handler(event, None)

    def test_what_is_added_is_listed_until_it_is_deleted(self):
        made = json.loads(self.ask("POST", "/todos", {"text": "milk"})["body"])
        self.assertEqual(json.loads(self.ask("GET", "/todos")["body"]), [made])
        self.ask("DELETE", f"/todos/{made['id']}")
        self.assertEqual(json.loads(self.ask("GET", "/todos")["body"]), [])

    def test_anything_else_is_not_there(self):
        self.assertEqual(self.ask("GET", "/elsewhere")["statusCode"], 404)


if __name__ == "__main__":
    unittest.main()
