"""A scripted HTTP origin, run as a process of its own: python -m support.origin_server PORT.

`/made/SIZE/NAME` is there by itself. Other paths are set with `PUT /-/rule`; `GET /-/log` tells what was asked.
"""
import asyncio
import hashlib
import json
import sys

from support.content import made

REASONS = {200: "OK", 204: "No Content", 304: "Not Modified", 404: "Not Found", 500: "Internal Server Error",
           503: "Service Unavailable"}


class Script:
    def __init__(self):
        self.rules = {}
        self.log = []

    def rule(self, path):
        if path in self.rules:
            return self.rules[path]
        parts = path.split("/", 3)
        if len(parts) == 4 and parts[1] == "made" and parts[2].isdigit():
            return {"size": int(parts[2]), "name": parts[3]}
        return {"status": 404, "body": "not here\n", "fields": {"Cache-Control": "max-age=1"}}


class Connection(asyncio.Protocol):
    def __init__(self, script):
        self.script = script
        self.received = bytearray()
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            lines = self.received[:end].decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ", 2)
            fields = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
            length = int(fields.get("content-length", 0))
            if len(self.received) < end + 4 + length:
                return
            body = bytes(self.received[end + 4:end + 4 + length])
            del self.received[:end + 4 + length]
            self.answer(method, target, fields, body)

    def answer(self, method, target, fields, body):
        path = target.split("?", 1)[0]
        if path.startswith("/-/"):
            return self.instructed(path, body)
        rule = self.script.rule(path)
        self.script.log.append({"method": method, "target": target, "fields": fields})
        delay = rule.get("delay", 0)
        if delay:
            asyncio.get_running_loop().call_later(delay, self.respond, method, fields, rule)
        else:
            self.respond(method, fields, rule)

    def respond(self, method, fields, rule):
        if self.transport.is_closing():
            return
        body = rule["body"].encode() if "body" in rule else made(rule["name"], rule["size"])
        tag = rule.get("etag") or f'"{hashlib.md5(body[:64] + str(len(body)).encode()).hexdigest()}"'
        head = {"Cache-Control": "max-age=3600", "ETag": tag, "Content-Type": "application/octet-stream"}
        head |= rule.get("fields", {})
        status = rule.get("status", 200)
        if status == 200 and fields.get("if-none-match") == tag:
            return self.write(304, head, b"")
        head["Content-Length"] = str(len(body))
        self.write(status, head, b"" if method == "HEAD" else body)

    def write(self, status, head, body):
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        head = f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\n{lines}\r\n".encode()
        # A large body goes out by itself: joined to the head it would be copied once more.
        if len(body) > 4096:
            self.transport.write(head)
            self.transport.write(body)
        else:
            self.transport.write(head + body)

    def instructed(self, path, body):
        answer = b"{}"
        if path == "/-/rule":
            rule = json.loads(body)
            self.script.rules[rule.pop("path")] = rule
        elif path == "/-/forget":
            self.script.log.clear()
        elif path == "/-/log":
            answer = json.dumps(self.script.log).encode()
        self.write(200, {"Content-Length": str(len(answer)), "Content-Type": "application/json"}, answer)


async def main(port):
    script = Script()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(script), "127.0.0.1", port, backlog=4096)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
