"""The Python examples of README.md and docs/ do what they say."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if path.exists()]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def statements(block: str) -> str:
    """Return the code of a block without prompts and results."""
    examples = doctest.DocTestParser().get_examples(block)
    return "".join(example.source for example in examples) if examples else block


def check_page(text: str, name: str) -> int:
    """Run the ```python blocks of a page that hold >>> as one session; return how many examples ran."""
    parser, session = doctest.DocTestParser(), {}
    runner = doctest.DebugRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False)
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        test = parser.get_doctest(block.group(1), session, name, name, line)
        # DebugRunner empties the session after a block unless told not to.
        runner.run(test, clear_globs=False)
        session = test.globs
    return runner.tries


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page, tmp_path, monkeypatch):
    # A reader runs the examples at the top level; what they write stays out of it.
    (tmp_path / "meshes").symlink_to(ROOT / "meshes")
    monkeypatch.chdir(tmp_path)
    check_page(page.read_text(encoding="utf-8"), page.name)


def test_blocks_share_a_session():
    assert (
        check_page("```python\n>>> a = 1\n```\n\n```python\n>>> a + 1\n2\n```\n```python\nno example\n```\n", "p") == 2
    )


def test_wrong_answer_is_found():
    with pytest.raises(doctest.DocTestFailure):
        check_page("text\n\n```python\n>>> 1 + 1\n3\n```\n", "page.md")


def test_error_is_found():
    with pytest.raises(doctest.UnexpectedException):
        check_page("```python\n>>> 1 / 0\n```\n", "page.md")
