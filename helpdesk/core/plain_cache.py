"""How values lie in the cache: as JSON. Django would unpickle them, and whoever writes into Redis would run code."""

import json


class JsonSerializer:
    """Turns what JSON can say into bytes and back. Whole numbers stay digits: Redis counts on with them."""

    def dumps(self, value: object) -> bytes | int:
        """Return what is stored. Raises TypeError for what JSON cannot say."""
        return value if isinstance(value, int) and not isinstance(value, bool) else json.dumps(value).encode()

    def loads(self, stored: bytes) -> object:
        """Return the value. Raises ValueError for bytes that are no JSON: a pickle among them."""
        value: object = json.loads(stored)
        return value
