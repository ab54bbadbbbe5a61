"""How often a worker process asks whether a job is due."""

from libs.jobs.lookout import FASTEST, SLOWEST, pause_after


def test_after_ten_seconds_without_a_job_questions_come_seldom_and_at_once_when_one_comes() -> None:
    asked_at, pause = 0.0, FASTEST
    while pause < SLOWEST:
        asked_at += pause
        pause = pause_after(pause, woken=False)
    assert 5 < asked_at < 15
    assert pause_after(pause, woken=False) == SLOWEST
    assert pause_after(pause, woken=True) == FASTEST


def test_three_jobs_a_second_keep_the_questions_as_frequent_as_they_can_be() -> None:
    pause = FASTEST
    for _ in range(16):
        pause = pause_after(pause, woken=False)
    assert pause < 1.2 * FASTEST
