"""Processes die without a word; what was cached goes on being served."""
from support.content import made
from support.program import eventually

FILES = {f"assets/{n}.bin": made(f"crash {n}", 2_000 + 997 * n) for n in range(60)}


def fill(cluster):
    for key, body in FILES.items():
        cluster.put(key, body, "application/octet-stream")
    for edge in cluster.edges:
        # Twice: what is too large to be admitted at once is admitted on the second request.
        for _ in range(2):
            for key, body in FILES.items():
                answer = edge.get("/" + key)
                assert answer.status == 200 and answer.body == body, answer


def test_kill_9_of_an_edge_and_its_disk_is_a_cache_again(stage):
    cluster = stage.cluster()
    fill(cluster)
    edge = cluster.edges[0]
    edge.settle()
    edge.kill()
    edge.start()
    # What the control plane has to say about purges is known when the edge is ready; then the disk's copies count.
    hits = 0
    for key, body in FILES.items():
        answer = edge.get("/" + key)
        assert answer.status == 200 and answer.body == body, (key, answer)
        hits += answer.hit
    assert hits == len(FILES), f"only {hits} of {len(FILES)} are hits after the restart"


def test_kill_9_in_the_middle_of_writing_loses_files_but_never_spoils_one(stage):
    cluster = stage.cluster(edges=1)
    edge = cluster.edges[0]
    for key, body in FILES.items():
        cluster.put(key, body, "application/octet-stream")
    for round_ in range(5):
        for key, body in FILES.items():
            answer = edge.get("/" + key)
            assert answer.status == 200 and answer.body == body, (round_, key, answer)
        edge.kill()
        edge.start()


def test_kill_9_of_the_origin_and_cached_files_are_served_on(stage):
    cluster = stage.cluster()
    fill(cluster)
    cluster.origin.kill()
    for edge in cluster.edges:
        for key, body in FILES.items():
            answer = edge.get("/" + key)
            assert answer.status == 200 and answer.hit and answer.body == body, answer
        missing = edge.get("/never/asked.bin")
        assert missing.status == 502 and missing.cache, missing
    cluster.start_origin()
    for edge in cluster.edges:
        # What the origin could not answer is asked again as soon as it is back.
        eventually(lambda: edge.get("/never/asked.bin").status == 404, what="the origin is asked again")


def test_kill_9_of_the_origin_loses_no_object_that_it_confirmed(stage):
    cluster = stage.cluster(edges=0)
    for key, body in FILES.items():
        cluster.put(key, body, "application/octet-stream")
    cluster.origin.kill()
    cluster.start_origin()
    for key, body in FILES.items():
        assert cluster.s3.get_object(Bucket="site", Key=key)["Body"].read() == body


def test_kill_9_of_control_and_the_edges_serve_on_and_hear_of_it_again(stage):
    cluster = stage.cluster()
    cluster.put("a.css", b"old")
    for edge in cluster.edges:
        assert edge.get("/a.css").body == b"old"
    cluster.control.kill()
    for edge in cluster.edges:
        assert edge.get("/a.css").body == b"old"
    cluster.start_control()
    cluster.put("a.css", b"new")
    for edge in cluster.edges:
        edge.wait_ready()
    cluster.purge(cluster.edges[0].url + "/a.css")
    for edge in cluster.edges:
        assert edge.get("/a.css").body == b"new"
