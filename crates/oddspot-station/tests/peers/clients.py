"""Other programs' clients against a station that runs.

    python clients.py PROGRAM MODEL IMAGE FOLDER

`tritonclient` gets a verdict and a map, `prometheus_client` reads the metrics, and `schemathesis` sends what the description allows, and what it does
not: first to a station without users, then to users and tokens as an admin. No answer may be a 500, or other than the description
says; 503 is one that it has (no model, paused).
"""

import base64
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tritonclient.http
from prometheus_client.openmetrics.parser import text_string_to_metric_families

STATION = "part"
PASSWORD = "a long password"
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
# What ends the other requests: a paused station judges nothing, and events do not end.
ENDS = r"/(pause|events)$"
PEOPLE = r"^/api/v1/(users|tokens|audit)"


@contextmanager
def serving(program, model, data):
    """A station without users; gives its address."""
    command = [program, "serve", "--model", model, "--name", STATION, "--data", data, "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        try:
            yield service.stdout.readline().strip().rstrip("/")
        finally:
            service.terminate()


def infers(address, image):
    """The Open Inference Protocol's own client, against the route that is ours."""
    client = tritonclient.http.InferenceServerClient(address.removeprefix("http://"))
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(STATION)
    known = client.get_model_metadata(STATION)
    assert {one["name"] for one in known["outputs"]} == {"score", "verdict", "map"}, known
    name = known["inputs"][0]["name"]
    for binary in [True, False]:
        given = tritonclient.http.InferInput(name, [1], "BYTES")
        # In JSON bytes are in base 64.
        content = image.read_bytes() if binary else base64.b64encode(image.read_bytes())
        given.set_data_from_numpy(np.array([content], dtype=object), binary_data=binary)
        wanted = [tritonclient.http.InferRequestedOutput(one, binary_data=False) for one in ["score", "verdict"]]
        found = client.infer(STATION, [given], outputs=wanted)
        sent = json.load(urllib.request.urlopen(f"{address}/api/v1/stations/{STATION}/inspections", image.read_bytes()))
        score, verdict = (found.as_numpy(one).ravel()[0] for one in ["score", "verdict"])
        verdict = verdict.decode() if isinstance(verdict, bytes) else verdict
        assert (np.float32(score), verdict) == (np.float32(sent["finding"]["score"]), sent["verdict"]), (score, verdict, sent)
        assert found.as_numpy("map") is None, "nobody asked for it"
        # The map as well, by bytes or in JSON.
        wanted = [tritonclient.http.InferRequestedOutput(one, binary_data=binary) for one in ["map", "score"]]
        found = client.infer(STATION, [given], outputs=wanted)
        map, score = found.as_numpy("map"), found.as_numpy("score")
        assert map.dtype == np.float32 and map.ndim == 2 and map.max() == np.float32(score[0]), (map, score)


def reads_metrics(address):
    """Prometheus' own parser."""
    text = urllib.request.urlopen(f"{address}/metrics").read().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    inspections = families["oddspot_inspections"].samples
    assert sum(one.value for one in inspections if one.name.endswith("_total")) == 6, inspections


def fuzz(address, folder, seconds, parameters, *options):
    """Sends what the description allows, and what it does not."""
    settings = folder / "schemathesis.toml"
    expected = '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", 503]\n'
    given = "".join(f'"path.{name}" = "{value}"\n' for name, value in parameters.items())
    settings.write_text(f"{expected}[parameters]\n{given}")
    program = Path(sys.executable).parent / "schemathesis"
    command = [program, "--config-file", settings, "--no-color", "run", f"{address}/openapi.json", "--checks", ",".join(CHECKS)]
    command += ["--phases", "coverage,fuzzing", "--seed", "1", "--max-time", str(seconds), "--warnings", "off", *options]
    ended = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    counted = re.search(r"(\d+) generated", ended.stdout)
    # As many that a fuzzer that reaches nothing is seen.
    if ended.returncode or not counted or int(counted[1]) < 200:
        sys.exit(ended.stdout)
    print(f"{counted[1]} requests that a description allows or does not")


def signs_in(program, address, data):
    """Makes an admin, and gives a header that is known as that one."""
    add = [program, "serve", "user", "add", "anna", "--role", "admin", "--data", data]
    subprocess.run(add, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # What is done at the terminal holds within half a second.
    time.sleep(1)
    fields = urllib.parse.urlencode({"name": "anna", "password": PASSWORD, "next": "/"}).encode()

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        urllib.request.build_opener(Stay).open(f"{address}/login", fields)
    except urllib.error.HTTPError as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie, "nobody is signed in"
    return f"Cookie: {cookie.split(';')[0]}"


def main(program, model, image, folder):
    folder = Path(folder)
    data = folder / "data"
    with serving(program, model, data) as address:
        infers(address, Path(image))
        print("tritonclient gets a verdict and a map")
        reads_metrics(address)
        print("prometheus_client reads the metrics")
        inspections = json.load(urllib.request.urlopen(f"{address}/api/v1/inspections"))["inspections"]
        there = {"station": STATION, "model": STATION, "id": inspections[0]["id"]}
        fuzz(address, folder, 30, there, "--exclude-path-regex", f"{ENDS}|{PEOPLE}")
        header = signs_in(program, address, data)
        fuzz(address, folder, 15, {"user": "berta"}, "--include-path-regex", PEOPLE, "--header", header)
        name, value = header.split(": ")
        # It was an admin all the time, and lives.
        with urllib.request.urlopen(urllib.request.Request(f"{address}/api/v1/users", headers={name: value})) as users:
            assert users.status == 200


if __name__ == "__main__":
    main(*sys.argv[1:])
