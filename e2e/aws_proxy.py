#!/usr/bin/env python3
"""Stands before moto and does what EC2 does and moto never does. Standard library only.

Always: a client token of CreateFleet is idempotent, as at EC2; a web identity is exchanged without a signature; the metadata
and container endpoints of a machine answer with keys of the role; spot prices, topology and one managed node group
are answered, after moto has looked at signature and right.

On request, POST /_rules with a list of rules; the first that matches a call and has `times` left acts on it:
  {"action": "CreateFleet", "times": 1, "do": "answer", "status": 503, "body": "<xml>"}   answers instead of moto
  {"action": "CreateFleet", "times": 1, "do": "lose"}                 carries it out and cuts the connection
  {"action": "CreateFleet", "times": 1, "do": "partial", "count": 1}  launches fewer, with an error beside them
GET /_calls lists the actions that were asked since the rules were set.

aws_proxy.py --moto http://127.0.0.1:PORT --fixture FILE: prints its own port, then serves until it is ended.
"""
import argparse
import hashlib
import hmac
import http.client
import http.server
import json
import sys
import threading
import urllib.parse

LOCK = threading.Lock()
RULES, CALLS, LAUNCHES = [], [], {}
PARTIAL_ERROR = (
    "<errorSet><item><errorCode>InsufficientInstanceCapacity</errorCode><errorMessage>We currently do not have "
    "sufficient capacity</errorMessage><lifecycle>spot</lifecycle></item></errorSet>"
)


def spot_prices(form):
    """A price for each type and zone that is asked for but us-east-1f, on two pages."""
    types = [value for key, value in sorted(form.items()) if key.startswith("InstanceType.")]
    zones = [value for key, value in sorted(form.items()) if key.startswith("Filter.1.Value.")]
    rows = [(t, z) for t in types for z in zones if z != "us-east-1f"]
    page = rows[1:] if form.get("NextToken") == "page-2" else rows[:1]
    items = "".join(
        f"<item><instanceType>{t}</instanceType><productDescription>Linux/UNIX</productDescription><spotPrice>"
        f"{10 + ord(z[-1]) / 1000:.6f}</spotPrice><timestamp>2015-08-30T12:00:00.000Z</timestamp>"
        f"<availabilityZone>{z}</availabilityZone></item>"
        for t, z in page
    )
    token = "" if form.get("NextToken") else "page-2"
    return f"<R><spotPriceHistorySet>{items}</spotPriceHistorySet><nextToken>{token}</nextToken></R>"


def topology(form):
    """Three layers: all machines below one spine, two to a leaf."""
    ids = [value for key, value in sorted(form.items()) if key.startswith("InstanceId.")]
    items = "".join(
        f"<item><instanceId>{instance}</instanceId><networkNodeSet><item>nn-spine</item><item>nn-aggregate</item>"
        f"<item>nn-leaf-{index // 2}</item></networkNodeSet></item>"
        for index, instance in enumerate(ids)
    )
    return f"<R><instanceSet>{items}</instanceSet></R>"


TAUGHT = {"DescribeSpotPriceHistory": spot_prices, "DescribeInstanceTopology": topology}


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    moto = fixture = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.handle_call()

    do_POST = do_PUT = do_DELETE = do_GET

    # What is asked

    def handle_call(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/_rules":
            with LOCK:
                RULES[:], CALLS[:] = json.loads(body), []
            return self.answer(200, b"{}")
        if self.path == "/_calls":
            return self.answer(200, json.dumps(CALLS).encode())
        if self.path.startswith(("/latest/", "/v1/credentials")):
            return self.machine()
        with LOCK:  # one call at a time: signature checking is switched off for some
            self.aws(body)

    def aws(self, body):
        action = self.action(body)
        CALLS.append(action)
        rule = next((r for r in RULES if r["action"] == action and r["times"] > 0), None)
        if rule:
            rule["times"] -= 1
            if rule["do"] == "answer":
                return self.answer(rule["status"], rule["body"].encode())
        if action == "CreateFleet":
            status, answer = self.create_fleet(body, rule)
        elif action == "AssumeRoleWithWebIdentity":
            status, answer = self.web_identity(body)
        elif action == "GET /clusters/prod/node-groups/gpus":
            status, answer = self.nodegroup()
        elif action in TAUGHT:
            status, answer = self.taught(action, body)
        else:
            status, answer = self.forward(body)
        if rule and rule["do"] == "lose":
            self.close_connection = True
            return self.connection.close()
        self.answer(status, answer)

    def action(self, body):
        target = self.headers.get("X-Amz-Target")
        if target:
            return target.split(".")[-1]
        form = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
        return form["Action"][0] if "Action" in form else f"{self.command} {self.path}"

    # What EC2 and STS do

    def create_fleet(self, body, rule):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        token = form["ClientToken"]
        if token in LAUNCHES:
            earlier, outcome = LAUNCHES[token]
            return outcome if earlier == form else (400, error("IdempotentParameterMismatch", "another request"))
        if rule and rule["do"] == "partial":
            fewer = dict(form, **{"TargetCapacitySpecification.TotalTargetCapacity": str(rule["count"])})
            status, answer = self.forward_unchecked(urllib.parse.urlencode(fewer).encode())
            answer = answer.replace(b"<fleetInstanceSet>", PARTIAL_ERROR.encode() + b"<fleetInstanceSet>")
        else:
            status, answer = self.forward(body)
        if status == 200:
            LAUNCHES[token] = (form, (status, answer))
        return status, answer

    def nodegroup(self):
        """moto's managed node groups have no Auto Scaling group; this one does. moto cannot check the signature of a call without
        a body (it signs other data then), so that is done here."""
        if not self.is_signed_by_berth():
            return 403, b'{"__type": "InvalidSignatureException", "message": "the signature is not that of berth"}'
        nodegroup = {
            "nodegroupName": "gpus", "clusterName": "prod", "status": "ACTIVE", "capacityType": "ON_DEMAND",
            "scalingConfig": {"minSize": 0, "maxSize": 6, "desiredSize": 1}, "instanceTypes": ["g6.xlarge"],
            "labels": {"team": "ml"}, "taints": [{"key": "gpu", "value": "yes", "effect": "NO_SCHEDULE"}],
            "resources": {"autoScalingGroups": [{"name": "eks-gpus-1234"}]}, "health": {"issues": []},
        }  # fmt: skip
        return 200, json.dumps({"nodegroup": nodegroup}).encode()

    def is_signed_by_berth(self):
        """Signature Version 4 of a call without query and body, made with the keys of the user `berth`."""
        keys = self.fixture["users"]["berth"]
        fields = dict(part.strip().split("=", 1) for part in self.headers["Authorization"].split(" ", 1)[1].split(","))
        name, scope = fields["Credential"].split("/", 1)
        if name != keys["accessKeyID"]:
            return False
        headers = "".join(f"{h}:{self.headers[h].strip()}\n" for h in fields["SignedHeaders"].split(";"))
        nothing = hashlib.sha256(b"").hexdigest()
        request = "\n".join([self.command, self.path, "", headers, fields["SignedHeaders"], nothing])
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["X-Amz-Date"], scope, digest])
        key = b"AWS4" + keys["secretAccessKey"].encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), fields["Signature"])

    def taught(self, action, body):
        """What moto answers to these is empty, made up or an error: moto checks the signature and the right, the proxy answers."""
        status, answer = self.forward(body)
        if status == 403:
            return status, answer
        return 200, TAUGHT[action](dict(urllib.parse.parse_qsl(body.decode()))).encode()

    def web_identity(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        if "Authorization" in self.headers or form.get("WebIdentityToken") != self.fixture["webIdentityToken"]:
            return 400, error("InvalidIdentityToken", "the token is not ours")
        return self.forward_unchecked(body)

    # The endpoints inside a machine and a container

    def machine(self):
        fixture = self.fixture
        keys = json.dumps(
            {
                "Code": "Success",
                "AccessKeyId": fixture["role"]["AccessKeyId"],
                "SecretAccessKey": fixture["role"]["SecretAccessKey"],
                "Token": fixture["role"]["SessionToken"],
                "Expiration": fixture["role"]["Expiration"],
            }
        ).encode()
        if self.path == "/v1/credentials":
            allowed = self.headers.get("Authorization") == fixture["podToken"]
            return self.answer(200, keys) if allowed else self.answer(403, b"{}")
        if self.command == "PUT" and self.path == "/latest/api/token":
            asked = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
            return self.answer(200, b"session-1") if asked else self.answer(400, b"")
        if self.headers.get("X-aws-ec2-metadata-token") != "session-1":
            return self.answer(401, b"")
        base = "/latest/meta-data/"
        known = {
            base + "iam/security-credentials/": b"berth",
            base + "iam/security-credentials/berth": keys,
            base + "placement/region": fixture["region"].encode(),
        }
        return self.answer(200, known[self.path]) if self.path in known else self.answer(404, b"")

    # The wire

    def forward(self, body):
        connection = http.client.HTTPConnection(self.moto, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        headers["Content-Length"] = str(len(body))
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, answer

    def forward_unchecked(self, body):
        """moto takes the next call without looking at its signature."""
        connection = http.client.HTTPConnection(self.moto, timeout=30)
        connection.request("POST", "/moto-api/reset-auth", b"1")
        connection.getresponse().read()
        connection.close()
        return self.forward(body)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def error(code, message):
    return f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>".encode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--moto", required=True)
    parser.add_argument("--fixture", required=True)
    arguments = parser.parse_args()
    Proxy.moto = urllib.parse.urlsplit(arguments.moto).netloc
    with open(arguments.fixture) as file:
        Proxy.fixture = json.load(file)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
