"""How a page's act answers: data for our scripts, a redirect for a plain form."""

from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.functional import Promise

from helpdesk.web.base.request import wants_json


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes an act back: a POST to `url` with `fields`, offered for some seconds."""

    url: str
    fields: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What an act tells. `said` is shown as a toast ("" for none), `version` is the ticket's now."""

    said: str | Promise = ""
    version: int | None = None
    undo: Undo | None = None
    seconds: int = 10
    text: str = ""
    """Words that go back into the box."""


def answer(request: HttpRequest, said: Said, *, back: str) -> HttpResponse:
    """Return `said` as JSON to a script of ours, else send the browser to `back`."""
    if not wants_json(request):
        return HttpResponseRedirect(back)
    undo = {"url": said.undo.url, "fields": said.undo.fields} if said.undo else None
    return JsonResponse(
        {
            "said": str(said.said),
            "version": said.version,
            "undo": undo,
            "seconds": said.seconds,
            "text": said.text,
        }
    )
