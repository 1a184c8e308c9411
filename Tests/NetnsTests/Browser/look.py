"""Opens a page in headless Chromium, takes a screenshot, and prints what an expression finds on it as JSON.

    python3 look.py CHROMIUM URL SCREENSHOT.png EXPRESSION
"""

import base64
import json
import os
import subprocess
import sys
import tempfile

CHROMIUM, URL, SCREENSHOT, EXPRESSION = sys.argv[1:]


class Browser:
    """Chromium at the other end of two pipes, which it knows as descriptors 3 and 4."""

    def __init__(self, profile):
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()

        def place():
            # First out of the way, for the numbers may overlap.
            reading, writing = os.dup(to_read), os.dup(to_write)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--window-size=1200,900", f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"],
            preexec_fn=place, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number = 0
        self.rest = b""

    def receive(self):
        while b"\0" not in self.rest:
            octets = os.read(self.from_browser, 1 << 16)
            if not octets:
                sys.exit("the browser has ended")
            self.rest += octets
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]

    def wait(self, event):
        while self.receive().get("method") != event:
            pass


def main():
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
            session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            browser.ask("Page.enable", session)
            browser.ask("Page.navigate", session, url=URL)
            browser.wait("Page.loadEventFired")
            found = browser.ask("Runtime.evaluate", session, expression=EXPRESSION, returnByValue=True)
            picture = browser.ask("Page.captureScreenshot", session, captureBeyondViewport=True)["data"]
        finally:
            browser.process.kill()
            browser.process.wait()
    if "exceptionDetails" in found:
        sys.exit(f"the expression failed: {found['exceptionDetails']}")
    with open(SCREENSHOT, "wb") as file:
        file.write(base64.b64decode(picture))
    print(json.dumps(found["result"].get("value")))


main()
