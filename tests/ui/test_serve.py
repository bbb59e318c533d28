"""The app in a browser: what is served, what is refused, and that no app outlives its page or its server."""

import asyncio
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pexpect
import pytest
from waiting import PATIENCE, until_so

from tui_trainer.ui.web.serve import served_command

from . import chromium

pytestmark = pytest.mark.long

PROGRAM = [sys.executable, "-m", "tui_trainer"]
CTRL_Q, CTRL_R = "\x11", "\x12"


def serve(*arguments: str) -> list[str]:
    return [*PROGRAM, "serve", "--port", "0", *arguments]


def options(digits_file: Path, *more: str) -> list[str]:
    return ["--data", str(digits_file), "--hidden", "16", "--validation", "100", "--threads", "1", "--output", "run", *more]


async def until_read(text: Callable[[], Awaitable[str]], wanted: str) -> str:
    read = ""
    try:
        async with asyncio.timeout(PATIENCE):
            while wanted not in read:
                # The page answers when it has nothing else to do.
                read = await text()
    except TimeoutError:
        pytest.fail(f"{wanted!r} not seen within {PATIENCE} s:\n{read}")
    return read


def events(folder: Path) -> list[dict[str, Any]]:
    log = folder / "run" / "metrics.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def trains(folder: Path) -> bool:
    return any(event["event"] == "epoch" for event in events(folder))


def apps(server: int) -> list[int]:
    """The processes that a server has started."""
    table = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid="], text=True)
    return [int(pid) for pid, parent in (line.split() for line in table.splitlines()) if int(parent) == server and alive(int(pid))]


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state) and not state.startswith("Z")


class Served:
    """A server, as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    @property
    def apps(self) -> list[int]:
        return apps(self.process.pid)


@asynccontextmanager
async def served(folder: Path, *arguments: str) -> AsyncIterator[Served]:
    """Start a server and wait until it tells its address; end it, if it has not ended, and find it silent."""
    process = await asyncio.create_subprocess_exec(*serve(*arguments), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        line = (await process.stderr.readline()).decode()
        assert line.startswith("tui-trainer: open http://127.0.0.1:"), line
        yield Served(process, line.split()[2])
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(30):
            out, told = await process.communicate()
    assert (out, told) == (b"", b"")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """The socket that the page would open."""
    async with aiohttp.ClientSession(headers={"Origin": url}) as client, client.ws_connect(f"{url}/ws?width=120&height=40") as page:
        while b"hidden layers" not in bytes((await page.receive(timeout=30)).data):
            pass
        yield page


@asynccontextmanager
async def training(digits_file: Path, url: str, folder: Path) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A page whose run has learned something and would go on for days."""
    async with connected(url) as page:
        await page.send_json(["stdin", CTRL_R])
        await until_so(lambda: trains(folder))
        yield page


def test_the_options_become_the_served_command() -> None:
    values = {"hidden": "128x8", "learning_rate": "0.5", "shuffle": False, "data": "it's $HOME; `x`.npz"}
    command = served_command(values, Path("a b.toml"), Path("-run"))
    assert shlex.split(command) == [
        "exec", sys.executable, "-m", "tui_trainer", "--config=a b.toml", "--output=-run",
        "--hidden=128x8", "--learning-rate=0.5", "--no-shuffle", "--data=it's $HOME; `x`.npz",
    ]  # fmt: skip
    assert shlex.split(served_command({"shuffle": True}))[-1] == "--shuffle"
    # A shell reads it as it was meant.
    spied = command.replace(f"exec {shlex.quote(sys.executable)} -m tui_trainer", "printf '%s\\n'")
    assert subprocess.check_output(["sh", "-c", spied], text=True).splitlines() == shlex.split(command)[4:]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--epochs", "x"], "--epochs must be a whole number, not 'x'"),
        (["--config", "none.toml"], "--config none.toml: no such file or directory"),
        (["--port", "70000"], "--port"),
        (["--host", "192.0.2.1"], "--host 192.0.2.1: not a name or address of this machine; leave it out for 127.0.0.1"),
        (["--host", "a..b"], "--host a..b: not a name or address of this machine"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = subprocess.run(serve(*arguments), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tui-trainer: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = subprocess.run(serve("--port", port), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tui-trainer: --port {port}: another program has it on 127.0.0.1; choose another, or 0 for any that is free\n"


@pytest.mark.parametrize("missing", ["textual_serve", "aiohttp"])
def test_without_its_libraries_it_says_what_to_install(tmp_path: Path, missing: str) -> None:
    script = f"import sys; sys.modules[{missing!r}] = None; from tui_trainer.__main__ import main; sys.argv[1:] = ['serve']; main()"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tui-trainer: serve needs a package that is missing here, {missing}: pip install 'textual-serve>=1.1'\n"


@pytest.mark.parametrize(
    ("host", "shown", "number", "status"),
    [("0.0.0.0", "localhost", signal.SIGINT, 130), ("localhost", "localhost", signal.SIGTERM, 143), ("::1", "[::1]", signal.SIGHUP, 129)],
)
async def test_other_hosts_are_warned_of_and_signals_end_it(tmp_path: Path, host: str, shown: str, number: int, status: int) -> None:
    process = await asyncio.create_subprocess_exec(*serve("--host", host), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    told = [(await process.stderr.readline()).decode()]
    if host == "0.0.0.0":
        assert told[0].startswith("tui-trainer: warning: --host 0.0.0.0: anyone who reaches port ")
        assert "can start runs" in told[0]
        told.append((await process.stderr.readline()).decode())
    assert told[-1].startswith(f"tui-trainer: open http://{shown}:")
    process.send_signal(number)
    assert await process.communicate() == (b"", b"")
    assert process.returncode == status


async def test_only_pages_of_this_server_reach_the_app(tmp_path: Path) -> None:
    async with served(tmp_path) as server, aiohttp.ClientSession() as client:
        port = server.url.rpartition(":")[2]
        foreign = (
            {"Origin": "http://example.org"},
            {"Origin": "null"},
            {"Host": f"example.org:{port}", "Origin": f"http://example.org:{port}"},
        )
        for headers in foreign:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(f"{server.url}/ws", headers=headers)
            assert refused.value.status == 403, headers
        assert not server.apps
        # A tunnel from another port, as `ssh -L` makes, is no stranger.
        tunnel = {"Host": "localhost:9000", "Origin": "http://localhost:9000"}
        async with client.ws_connect(f"{server.url}/ws", headers=tunnel):
            await until_so(lambda: server.apps)


async def test_a_page_that_is_closed_ends_its_app_and_saves_the_run(digits_file: Path, tmp_path: Path) -> None:
    async with served(tmp_path, *options(digits_file, "--epochs", "1000000")) as server:
        async with training(digits_file, server.url, tmp_path):
            assert len(server.apps) == 1
        await until_so(lambda: not server.apps)
        assert events(tmp_path)[-1]["status"] == "interrupted"
        assert (tmp_path / "run" / "checkpoint.safetensors").exists()


async def test_an_app_that_is_left_or_killed_closes_its_page_and_not_the_server(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        async with connected(server.url) as page:
            await page.send_json(["stdin", CTRL_Q])
            async with asyncio.timeout(15):
                assert [message async for message in page if message.type is not aiohttp.WSMsgType.BINARY] == []
        async with connected(server.url) as page:
            (app,) = server.apps
            os.kill(app, signal.SIGKILL)
            async with asyncio.timeout(15):
                assert [message async for message in page if message.type is not aiohttp.WSMsgType.BINARY] == []
        async with connected(server.url):
            assert len(server.apps) == 1


async def test_a_killed_server_leaves_no_app_behind(digits_file: Path, tmp_path: Path) -> None:
    async with (
        served(tmp_path, *options(digits_file, "--epochs", "1000000")) as server,
        training(digits_file, server.url, tmp_path),
        connected(server.url),
    ):
        both = server.apps
        assert len(both) == 2
        server.process.kill()
        await until_so(lambda: not any(alive(app) for app in both))
        assert events(tmp_path)[-1]["status"] in ("interrupted", "stopped")


@pytest.mark.parametrize("leave", ["ctrl+c", "hang up"])
async def test_a_terminal_that_ends_the_server_ends_its_apps_in_order(digits_file: Path, tmp_path: Path, leave: str) -> None:
    command = serve(*options(digits_file, "--epochs", "1000000"))
    terminal = pexpect.spawn(command[0], command[1:], cwd=str(tmp_path), encoding="utf-8", timeout=30)
    terminal.expect(r"open (http://[\d.:]+)")
    async with training(digits_file, str(terminal.match.group(1)), tmp_path):  # type: ignore[union-attr]
        server = terminal.pid
        assert server is not None
        (app,) = apps(server)
        if leave == "ctrl+c":
            terminal.sendintr()
            await asyncio.to_thread(terminal.expect, pexpect.EOF)
            assert "Traceback" not in str(terminal.before)
        else:
            os.killpg(server, signal.SIGHUP)  # as a shell does to its jobs
        await until_so(lambda: not alive(server))
        assert not alive(app)
    terminal.close()
    assert terminal.exitstatus == (130 if leave == "ctrl+c" else 129)
    assert events(tmp_path)[-1]["status"] == "interrupted"


@pytest.mark.skipif(chromium.PATH is None, reason="needs Chromium: apt-get install chromium")
async def test_a_run_in_a_browser(digits_file: Path, tmp_path: Path) -> None:
    data = tmp_path / "it's $HOME; a `folder`" / "digits.npz"
    data.parent.mkdir()
    data.symlink_to(digits_file)
    (tmp_path / "run.toml").write_text("batch_size = 20\nhidden = '32'\n")
    async with served(tmp_path, *options(data, "--config", "run.toml", "--epochs", "3", "--no-shuffle")) as server, chromium.page() as page:
        await page.open(server.url)
        blank = await until_read(page.text, "hidden layers")
        assert "batch size     20" in blank
        assert "epochs         3" in blank
        assert not any("⠀" < letter <= "⣿" for letter in blank)
        painted = await page.painted()
        await page.ctrl("r")  # no click before: the page has given the app the keys
        drawn = await until_read(page.text, "test accuracy")
        assert "completed" in drawn
        assert sum("⠀" < letter <= "⣿" for letter in drawn) > 20  # a curve in braille
        async with asyncio.timeout(PATIENCE):  # not only held by the terminal, but on its canvas, which is painted a little later
            while await page.painted() <= painted + 100:
                continue
        assert {url.partition("://")[2].partition("/")[0] for url in page.requests} == {server.url.partition("://")[2]}  # none from the net
        if picture := os.environ.get("SERVE_PICTURE"):
            await page.screenshot(Path(picture))
        await page.ctrl("q")
        await until_read(lambda: page.value("document.body.innerText"), "The app has ended")
        await until_so(lambda: not server.apps)
    start, *epochs, _end = events(tmp_path)
    config = start["config"]
    assert (config["hidden"], config["batch_size"], config["epochs"], config["shuffle"]) == ([16], 20, 3, False)
    assert config["data"] == str(data)
    assert len(epochs) == 3
