from hypothesis import given
from hypothesis import strategies as st
from score_builders import make_score, make_test

from grader.scoring.model import RuleResult, TestStatus, Visibility
from grader.scoring.views import student_view

ANSWER = "expected 3.14159"


def revealing(name="test_a", visibility="hidden", **more):
    return make_test(
        name, visibility=visibility, output=ANSWER, stdout=f"x = {ANSWER}", hints=("too large",), **more
    )


def test_a_visible_test_is_shown_in_full():
    score = make_score(revealing(visibility="visible"))
    assert student_view(score) == score


def test_a_hidden_test_keeps_status_points_and_hints():
    score = make_score(revealing(status="failed", max_score=3))
    view = student_view(score)
    assert ANSWER not in view.to_json()
    shown = view.tests[0]
    assert (shown.status, shown.max_score, shown.hints) == ("failed", 3, ("too large",))
    assert (view.score, view.max_score) == (score.score, score.max_score)


def test_a_withheld_test_tells_nothing_but_its_name():
    score = make_score(
        make_test("a", visibility="visible", max_score=2, part="p"),
        revealing("b", "after_due_date", max_score=5, part="p"),
        revealing("c", "after_published", max_score=7, part="q"),
    )
    view = student_view(score)
    assert ANSWER not in view.to_json()
    assert "too large" not in view.to_json()
    assert [test.id for test in view.tests] == ["test_x.py::a"]
    assert [(test.name, test.until) for test in view.withheld] == [
        ("Checks b.", "after_due_date"),
        ("Checks c.", "after_published"),
    ]
    assert (view.score, view.max_score) == (2, 2)
    assert [part.name for part in view.parts] == ["p"]
    assert "2 tests are withheld" in view.notes[-1]


def test_withheld_tests_are_shown_in_time():
    score = make_score(revealing("b", "after_due_date"), revealing("c", "after_published"))
    assert [t.id for t in student_view(score, after_due_date=True).tests] == ["test_x.py::b"]
    full = student_view(score, after_due_date=True, published=True)
    assert (full.score, full.withheld, full.notes) == (2, (), ())
    assert full.tests[1].output == ANSWER


def test_the_shown_total_keeps_caps_penalty_and_deductions():
    tests = [make_test(name, max_score=4, part="p", visibility="visible") for name in "ab"]
    later = make_test("c", max_score=9, part="q", visibility="after_published")
    rules = (RuleResult(id="r", file="a.py", line=1, message="no", points=1.0),)
    score = make_score(
        *tests, later, parts=[{"name": "p", "max_points": 6}], rules=rules, salvage_penalty=0.5
    )
    view = student_view(score)
    assert (view.score, view.max_score) == (2.0, 6.0)  # 6 * (1 - 0.5) - 1


def test_no_total_is_made_of_a_grading_without_score():
    broken = revealing("b", "after_due_date", status=TestStatus.INFRASTRUCTURE)
    assert student_view(make_score(make_test("a"), broken)).score is None


def test_what_broke_a_test_is_for_staff():
    score = make_score(revealing(visibility="visible", status=TestStatus.SPEC_ERROR))
    view = student_view(score)
    assert (view.tests[0].hints, view.tests[0].output, view.tests[0].stdout) == (("too large",), "", "")


visibilities = st.sampled_from(Visibility)
statuses = st.sampled_from(TestStatus)


@given(st.lists(st.tuples(visibilities, statuses), max_size=6), st.booleans(), st.booleans())
def test_a_view_of_a_view_is_the_same(kinds, after_due_date, published):
    tests = [revealing(f"t{i}", visibility, status=status) for i, (visibility, status) in enumerate(kinds)]
    view = student_view(make_score(*tests), after_due_date=after_due_date, published=published)
    assert student_view(view) == view
    assert len(view.tests) + len(view.withheld) == len(tests)


@given(st.lists(st.tuples(visibilities, st.booleans()), max_size=6))
def test_a_view_does_not_depend_on_withheld_results(kinds):
    def view(flip):
        tests = [
            revealing(
                f"t{i}",
                visibility,
                status="passed" if passed ^ (flip and visibility.startswith("after")) else "failed",
            )
            for i, (visibility, passed) in enumerate(kinds)
        ]
        return student_view(make_score(*tests))

    assert view(flip=False) == view(flip=True)
