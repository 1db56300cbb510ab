"""For the rig's own tests: a good sample comes in, the sample with one planted error goes out."""

from tests.servers.quality.problem import Problem, describe_problems


def planted(page: str, old: str, new: str) -> str:
    """The page with one change, which must apply exactly once."""
    assert page.count(old) == 1, f"{old!r} is {page.count(old)} times in the sample"
    return page.replace(old, new)


def assert_clean(problems: list[Problem]) -> None:
    """No problem at all; a failure lists them."""
    assert not problems, describe_problems(problems)


def assert_found(problems: list[Problem], *fragments: str) -> None:
    """Exactly one problem for each fragment, and no other."""
    left = list(problems)
    for fragment in fragments:
        hits = [problem for problem in left if fragment in str(problem)]
        assert len(hits) == 1, f"{fragment!r}: {describe_problems(problems)}"
        left.remove(hits[0])
    assert_clean(left)
