"""What the two processes say to each other."""

from fsmond.helping.messages import Report, decode_job, encode_job, take_reports
from fsmond.index.sharing import Job, Made

REPORTS = [
    Report(3, None),
    Report(3, [], []),
    Report(2, [b"dir/", b"new\nline/", b"\xff/deep/"]),
    Report(1, [b"dir/"], [Made(b"\xff/", b"record", [b"\xff/new"], names_changed=True)]),
    Report(0, None),
]


def test_reports_arrive_as_they_were_sent() -> None:
    """Each as soon as its last byte is there."""
    received, found = bytearray(), []
    for byte in b"".join(each.encode() for each in REPORTS):
        received.append(byte)
        found += take_reports(received)

    assert [each._replace(made=tuple(each.made)) for each in found] == [
        each._replace(made=tuple(each.made)) for each in REPORTS
    ]
    assert not received


def test_a_job_arrives_as_it_was_sent() -> None:
    """With names of any bytes."""
    job = Job(b"/root", [b".git"], b".cookie", {b"\xff/": b"record"}, [b"\xff/"], since=1 << 62)

    assert decode_job(encode_job(job)) == job
