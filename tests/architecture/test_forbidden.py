"""Things that nobody writes in this house, and things that stand in one place only."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import pytest

from tests.architecture.source import Source, dotted, everything, functions, imported, sources

_LATER: Final = {"eta", "countdown"}
_NEVER_CALLED: Final = {"os.system", "os.popen", "mark_safe", "eval", "exec"}
_NEVER_IMPORTED: Final = ("pickle", "marshal", "shelve", "random", "django.utils.safestring.mark_safe", "telnetlib")
_CSRF: Final = "csrf_exempt"
_SIGN_IN: Final = {"django.contrib.auth.login", "django.contrib.auth.alogin"}
_OWN_SIGNALS: Final = {"django.dispatch.Signal", "django.dispatch.dispatcher.Signal"}
_SIGNALS: Final = ("helpdesk/wiring.py", "helpdesk/celery.py")
_SKIPS: Final = {
    "pytest.skip",
    "pytest.xfail",
    "pytest.importorskip",
    "pytest.mark.skip",
    "pytest.mark.skipif",
    "pytest.mark.xfail",
}
_KINDS: Final = {"DomainError", "Forbidden", "Conflict", "Invalid", "TooMuch", "Unavailable"}
_UNFINISHED: Final = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b")


def _calls(file: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(file.tree) if isinstance(node, ast.Call))


def late_tasks(file: Source) -> list[str]:
    """Return the calls that give the broker a time: the row holds the time."""
    return [
        file.at(call, f"passes {keyword.arg}")
        for call in _calls(file)
        for keyword in call.keywords
        if keyword.arg in _LATER
    ]


def forbidden_calls(file: Source) -> list[str]:
    """Return the uses of what is never called, a shell, and what is never imported."""
    used = [
        file.at(node, f"uses {name}")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Name | ast.Attribute)
        and ((name := dotted(node)) in _NEVER_CALLED or name.rpartition(".")[2] == _CSRF)
    ]
    shells = [
        file.at(call, "starts a shell")
        for call in _calls(file)
        for keyword in call.keywords
        if keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
    ]
    taken = [
        file.at(node, f"imports {name}")
        for node, name in imported(file.tree)
        if any(name == banned or name.startswith(f"{banned}.") for banned in _NEVER_IMPORTED)
    ]
    return used + shells + taken


def sign_ins_outside_the_door(file: Source) -> list[str]:
    """Return the uses of Django's `login` outside `accounts`, by any way of importing it."""
    if file.is_below("accounts"):
        return []
    taken = [file.at(node, "imports login") for node, name in imported(file.tree) if name in _SIGN_IN]
    called = [file.at(call, "calls login") for call in _calls(file) if dotted(call.func).endswith("auth.login")]
    return taken + called


def rows_past_the_door(file: Source) -> list[str]:
    """Return the `.objects.get` of pages: from a request to a row there is one door per domain.

    In the admin it is Django that finds the row and asks for the right; a save may read it afresh.
    """
    if not file.is_below("helpdesk/web", "helpdesk/api") or file.is_below("helpdesk/web/admin"):
        return []
    return [file.at(call, "gets a row by itself") for call in _calls(file) if dotted(call.func).endswith("objects.get")]


def plain_temporary_files(file: Source) -> list[str]:
    """Return the imports of `tempfile` where customers' words pass; services of one machine and the demo may."""
    if not file.is_below("helpdesk", "inbox") or file.is_below("helpdesk/embedded", "helpdesk/demo"):
        return []
    return [
        file.at(node, "makes temporary files") for node, name in imported(file.tree) if name.split(".")[0] == "tempfile"
    ]


def strayed_classes(file: Source) -> list[str]:
    """Return the admin classes and commands that stand outside their one place."""
    places = {"helpdesk/web/admin": ("Admin", "Inline"), "helpdesk/management": ("BaseCommand",)}
    return [
        file.at(node, f"{node.name} belongs below {place}")
        for place, endings in places.items()
        if not file.is_below(place)
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ClassDef)
        and any(dotted(base).endswith(endings) and not dotted(base).startswith("?") for base in node.bases)
    ]


def strayed_signals(file: Source) -> list[str]:
    """Return the handlers tied to signals outside the one table, and signals of our own."""
    if file.path in _SIGNALS:
        return []
    tied = [
        file.at(call, "ties a signal")
        for call in _calls(file)
        if dotted(call.func).endswith(".connect") and _is_signal(file, call.func)
    ]
    received = [
        file.at(function, f"{function.name} receives a signal")
        for function in functions(file.tree)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call) and dotted(decorator.func).endswith("receiver")
    ]
    made = [file.at(node, "makes a signal") for node, name in imported(file.tree) if name in _OWN_SIGNALS]
    return tied + received + made


def _is_signal(file: Source, function: ast.expr) -> bool:
    subject = dotted(function).split(".")[-2]
    # What follows an app's own migrations is part of its installation, not of what happens on the desk.
    if subject == "post_migrate" and file.path.endswith("/apps.py"):
        return False
    from_signals = {name.rpartition(".")[2] for _, name in imported(file.tree) if ".signals." in f".{name}"}
    return subject in from_signals or "signals." in dotted(function)


def skipped_tests(file: Source) -> list[str]:
    """Return the tests that may be left out: a missing service is a failure."""
    return [
        file.at(node, f"uses {dotted(node)}")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in _SKIPS
    ]


def unfinished_work(file: Source) -> list[str]:
    """Return the lines that promise work for later."""
    return [file.at(number, "is unfinished") for number, line in enumerate(file.lines, 1) if _UNFINISHED.search(line)]


Rule = Callable[[Source], list[str]]


def wordless_refusals(file: Source) -> list[str]:
    """Return where one of the kinds of errors is raised itself: without a code of its own nobody is told what to do."""
    raised = [node.exc for node in ast.walk(file.tree) if isinstance(node, ast.Raise)]
    return [
        file.at(exc, f"raises {dotted(exc.func)} without a code")
        for exc in raised
        if isinstance(exc, ast.Call) and dotted(exc.func).rpartition(".")[2] in _KINDS
    ]


PRODUCT_RULES: Final[tuple[Rule, ...]] = (
    late_tasks,
    forbidden_calls,
    sign_ins_outside_the_door,
    rows_past_the_door,
    plain_temporary_files,
    strayed_classes,
    strayed_signals,
    wordless_refusals,
)


def findings(rules: Iterable[Rule], files: Iterable[Source]) -> list[str]:
    """Return what these rules find in these files."""
    return [found for file in files for rule in rules for found in rule(file)]


def test_nothing_forbidden_stands_in_the_product() -> None:
    assert findings(PRODUCT_RULES, sources()) == []


def test_no_test_is_left_out_and_no_work_is_unfinished() -> None:
    assert findings([skipped_tests, unfinished_work], everything()) == []


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (late_tasks, "inbox/a.py", "t.apply_async((1,), countdown=5)"),
        (late_tasks, "inbox/a.py", "bell.ring('x', eta=now)"),
        (forbidden_calls, "inbox/a.py", "import pickle"),
        (forbidden_calls, "inbox/a.py", "from random import choice"),
        (forbidden_calls, "inbox/a.py", "from django.utils.safestring import mark_safe"),
        (forbidden_calls, "inbox/a.py", "os.system('ls')"),
        (forbidden_calls, "inbox/a.py", "subprocess.run('ls', shell=True)"),
        (forbidden_calls, "inbox/a.py", "@csrf_exempt\ndef f(): ..."),
        (forbidden_calls, "inbox/a.py", "@decorators.csrf_exempt\ndef f(): ..."),
        (sign_ins_outside_the_door, "helpdesk/web/door/a.py", "from django.contrib.auth import login"),
        (sign_ins_outside_the_door, "helpdesk/web/door/a.py", "auth.login(request, user)"),
        (rows_past_the_door, "helpdesk/web/tickets/a.py", "Ticket.objects.get(pk=1)"),
        (plain_temporary_files, "inbox/mail/a.py", "import tempfile"),
        (strayed_classes, "inbox/a.py", "class A(admin.ModelAdmin): ..."),
        (strayed_classes, "helpdesk/demo/a.py", "class Command(BaseCommand): ..."),
        (strayed_signals, "inbox/a.py", "from django.db.models.signals import post_save\npost_save.connect(f)"),
        (strayed_signals, "inbox/a.py", "from django.db.models import signals\nsignals.post_save.connect(f)"),
        (strayed_signals, "audit/a.py", "from django.db.models.signals import post_migrate\npost_migrate.connect(f)"),
        (strayed_signals, "inbox/a.py", "@receiver(post_save)\ndef f(): ..."),
        (strayed_signals, "inbox/a.py", "from django.dispatch import Signal"),
        (wordless_refusals, "inbox/a.py", "raise Invalid('no')"),
        (wordless_refusals, "inbox/a.py", "raise errors.Conflict('no') from error"),
        (skipped_tests, "tests/a.py", "@pytest.mark.skipif(True)\ndef test_a(): ..."),
        (unfinished_work, "inbox/a.py", "x = 1  # TO" + "DO later"),
    ],
)
def test_a_planted_violation_is_found(rule: Rule, path: str, text: str) -> None:
    assert len(rule(Source(path, text))) >= 1


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (late_tasks, "inbox/a.py", "t.apply_async((1,), queue='send')"),
        (forbidden_calls, "inbox/a.py", "import secrets\nsubprocess.run(['ls'], shell=False)"),
        (sign_ins_outside_the_door, "accounts/door.py", "from django.contrib.auth import login"),
        (rows_past_the_door, "inbox/tickets/access.py", "Ticket.objects.get(pk=1)"),
        (plain_temporary_files, "helpdesk/embedded/a.py", "import tempfile"),
        (strayed_classes, "helpdesk/web/admin/a.py", "class A(admin.ModelAdmin): ..."),
        (strayed_classes, "helpdesk/management/commands/up.py", "class Command(BaseCommand): ..."),
        (strayed_signals, "helpdesk/wiring.py", "from django.db.models.signals import post_save\npost_save.connect(f)"),
        (strayed_signals, "inbox/a.py", "client.connect()"),
        (wordless_refusals, "inbox/a.py", "raise NotFound('hidden and absent look the same')"),
        (wordless_refusals, "inbox/a.py", "raise BadForm('no')"),
        (
            strayed_signals,
            "audit/apps.py",
            "from django.db.models.signals import post_migrate\npost_migrate.connect(f)",
        ),
    ],
)
def test_what_is_allowed_is_left_alone(rule: Rule, path: str, text: str) -> None:
    assert rule(Source(path, text)) == []
