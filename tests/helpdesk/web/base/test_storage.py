"""Static files: named by their content, modules included, compressed."""

from pathlib import Path

from django.core.files.base import ContentFile

from helpdesk.web.base.storage import StaticStorage


def test_files_are_hashed_compressed_and_modules_follow(tmp_path: Path) -> None:
    storage = StaticStorage(location=tmp_path, base_url="/static/")  # type: ignore[no-untyped-call] # as whitenoise left it
    storage.save("js/part.js", ContentFile(b"export const one = 1;\n" * 100))
    storage.save("js/app.js", ContentFile(b'import { one } from "./part.js";\nconsole.log(one);\n' * 50))
    paths = {name: (storage, name) for name in ("js/part.js", "js/app.js")}

    done = storage.post_process(paths)  # type: ignore[no-untyped-call] # as whitenoise left it
    problems = [problem for *_names, problem in done if isinstance(problem, Exception)]

    assert problems == []
    part, app = storage.stored_name("js/part.js"), storage.stored_name("js/app.js")
    assert part != "js/part.js"
    assert Path(part).name in (tmp_path / app).read_text()
    assert {path.suffix for path in (tmp_path / "js").glob("app.*.js*")} == {".js", ".gz", ".br"}
