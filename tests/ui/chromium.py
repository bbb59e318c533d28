"""A page in a headless Chromium, driven by its DevTools protocol: keys go in, and what its terminal holds and paints comes out."""

import asyncio
import base64
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from waiting import until_so

PATH = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0", "--window-size=1280,800",
)  # fmt: skip

KEEP_TERMINAL = """Object.defineProperty(Object.prototype, "_core", {
  configurable: true,
  set(core) {
    Object.defineProperty(this, "_core", {value: core, writable: true});
    if ("loadAddon" in this) window.watched = this;
  },
});"""
"""The page keeps its xterm.js terminal to itself; the assignment of its core gives it away. It paints on canvas: the DOM holds no text."""

TEXT = """(() => {
  const buffer = window.watched?.buffer.active;
  return Array.from({length: window.watched?.rows ?? 0}, (_, row) => buffer.getLine(row).translateToString(true)).join("\\n");
})()"""

PAINTED = """(() => {
  const canvas = document.querySelector("canvas.xterm-text-layer");
  const area = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height / 2).data;
  let painted = 0;
  for (let at = 0; at < area.length; at += 4) painted += area[at] - area[at + 2] > 80;
  return painted;
})()"""


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self.requests: list[str] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command of the protocol and give its result; what the page asks of the network meanwhile is noted."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=30)
            if message.get("method") == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            if message.get("method") == "Network.webSocketCreated":
                self.requests.append(message["params"]["url"])
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    async def open(self, url: str) -> None:
        for domain in ("Page", "Network", "Runtime"):
            await self.call(f"{domain}.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=KEEP_TERMINAL)
        await self.call("Page.navigate", url=url)

    async def value(self, expression: str) -> Any:
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def text(self) -> str:
        """What can be read in the terminal."""
        return str(await self.value(TEXT))

    async def painted(self) -> int:
        """How many pixels of the terminal's upper half are orange, as the validation curve is and nothing else there."""
        return int(await self.value(PAINTED))

    async def ctrl(self, letter: str) -> None:
        key = {"key": letter, "code": f"Key{letter.upper()}", "windowsVirtualKeyCode": ord(letter.upper()), "modifiers": 2}
        for kind in ("rawKeyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, **key)

    async def type(self, letter: str) -> None:
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=letter)

    async def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"]))


@asynccontextmanager
async def page() -> AsyncIterator[Page]:
    """A browser with an empty profile and one page; it ends, and leaves nothing behind, with the block."""
    assert PATH is not None
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            PATH, *FLAGS, f"--user-data-dir={profile}", "about:blank", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            # The browser writes here where it listens.
            active = Path(profile, "DevToolsActivePort")
            await until_so(lambda: active.exists() and active.read_text().strip())
            address = f"http://127.0.0.1:{active.read_text().split()[0]}"
            async with aiohttp.ClientSession() as client:
                async with client.get(f"{address}/json/list") as answer:
                    (tab,) = [tab for tab in await answer.json() if tab["type"] == "page"]
                async with client.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    yield Page(socket)
                    async with client.get(f"{address}/json/version") as answer:
                        browser = (await answer.json())["webSocketDebuggerUrl"]
                async with client.ws_connect(browser) as socket:
                    await socket.send_json({"id": 1, "method": "Browser.close"})
            async with asyncio.timeout(15):
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
