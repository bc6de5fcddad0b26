"""The cache holds JSON and unpickles nothing."""

import pickle

import pytest
from django.core.cache import cache

from helpdesk.core.plain_cache import JsonSerializer


class Trap:
    """Something that would act when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("sprung",)


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "12", "ü", [1.5, 2], {"a": [None]}])
def test_values_come_back(value: object) -> None:
    cache.set("value", value)

    assert cache.get("value") == value
    assert type(cache.get("value")) is type(value)


def test_numbers_count_on() -> None:
    cache.set("count", 1)

    assert cache.incr("count") == 2
    assert cache.get("count") == 2


def test_a_pickle_is_not_opened(capsys: pytest.CaptureFixture[str]) -> None:
    planted = pickle.dumps(Trap())

    with pytest.raises(ValueError, match=r".+"):
        JsonSerializer().loads(planted)
    assert capsys.readouterr().out == ""

    pickle.loads(planted)  # noqa: S301 - the control: this is what would have happened
    assert capsys.readouterr().out == "sprung\n"


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        cache.set("value", object())
