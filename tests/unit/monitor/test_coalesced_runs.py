"""One run serves all who requested it before it began."""

from fsmond.monitor.coalesced_runs import CoalescedRuns


def test_a_run_serves_all_requests_from_before_it_began() -> None:
    """However many requests there are."""
    runs = CoalescedRuns()
    tickets = [runs.request(), runs.request()]

    runs.end(runs.begin())

    assert all(map(runs.is_done, tickets))
    assert not runs.is_requested


def test_a_request_during_a_run_waits_for_the_next_run() -> None:
    """The work done before the request may have been too early for it."""
    runs = CoalescedRuns()
    runs.request()
    begun = runs.begin()
    late = runs.request()

    runs.end(begun)

    assert not runs.is_done(late)
    assert runs.is_requested
