"""The web server: textual-serve's, with a page that needs no network, for one's own pages only, and ending every app it started."""

import asyncio
import errno
import ipaddress
import socket
import sys
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from tui_trainer.errors import UserError
from tui_trainer.system.folders import printable
from tui_trainer.system.signals import INTERRUPT, SIGNALS, exit_status, is_heeded

PAGE = Path(__file__).with_name("page.html")

SAVING = 15.0
"""Seconds that an app has to save what a run learned and to end; longer than it gives itself."""

CLOSING = 2.0
"""Seconds that a page has to answer when its connection is closed."""


class Session(AppService):
    """One page in a browser, and the process that runs the app for it."""

    async def run(self) -> None:
        """Hand on what the app draws; when it has ended, killed or in order, the page says so."""
        await super().run()
        await self.remote_close()

    async def stop(self) -> None:
        """Ask the app to end, and see to it."""
        task, self._task, process = self._task, None, self._process
        if task is None or process is None:
            return
        try:
            async with asyncio.timeout(SAVING):
                await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
                await self.send_meta({"type": "quit"})
                # The page may take nothing any more; what the app still draws goes nowhere, so that it need not wait.
                task.cancel()
                await asyncio.wait([task])
                _drawn, told = await process.communicate()
                sys.stderr.write(told.decode("utf-8", "replace"))
        except TimeoutError:
            process.kill()
            await process.wait()


class TrainerServer(Server):
    """Runs an app for each page that is opened, and ends it when the page is closed."""

    def __init__(self, command: str, host: str) -> None:
        super().__init__(command, host=host, title="tui-trainer")
        self.on_loopback = True
        self._sessions: set[asyncio.Task[None]] = set()

    async def application(self) -> web.Application:
        """The routes, for pages of this server alone."""
        app = await self._make_app()
        app.middlewares.append(self._refuse_strangers)
        return app

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page; it finds the server by its own address, whatever name or tunnel it came by."""
        return web.FileResponse(PAGE, headers={"Cache-Control": "no-cache"})

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run an app for as long as its page is open."""
        websocket = web.WebSocketResponse(heartbeat=15, timeout=CLOSING)
        await websocket.prepare(request)
        session = Session(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,  # type: ignore[arg-type] # it tells whether it closed, which nobody asks
            download_manager=self.download_manager,
        )
        task = asyncio.create_task(self._attend(websocket, session, request))
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)
        await task
        return websocket

    async def _attend(self, websocket: web.WebSocketResponse, session: Session, request: web.Request) -> None:
        try:
            await session.start(to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24))
            await self._process_messages(websocket, session)
        finally:
            await session.stop()

    async def on_startup(self, app: web.Application) -> None:
        """Print no banner."""

    async def on_shutdown(self, app: web.Application) -> None:
        """End every app, together, and wait until they have saved their runs."""
        for task in self._sessions:
            task.cancel()
        if self._sessions:
            await asyncio.wait(self._sessions)

    @web.middleware
    async def _refuse_strangers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        # Any page that the user's browser shows may try to open a websocket to this machine: by its address, or by a name of its own
        # that leads here.
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="This page belongs to another server.\n")
        if self.on_loopback and not _names_this_machine(urlsplit(f"//{request.host}").hostname or "", self.host):
            raise web.HTTPForbidden(text="Open this page as http://localhost, with the port.\n")
        return await handler(request)


def run_server(command: str, host: str, port: int) -> int:
    """Serve until a signal comes; the status is 128 and its number. A second ctrl+c does not wait until the apps have saved their runs."""
    # textual-serve prints what an app says on its way down.
    with redirect_stdout(sys.stderr):
        try:
            return asyncio.run(_serve(TrainerServer(command, host), port))
        except KeyboardInterrupt:
            return exit_status(INTERRUPT)


async def _serve(server: TrainerServer, port: int) -> int:
    received = _first_signal()
    runner = web.AppRunner(await server.application(), access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, server.host, port).start()
        except (OSError, ValueError) as error:  # a name that is none is a UnicodeError
            raise _refusal(error, server.host, port) from None
        addresses = runner.addresses
        server.on_loopback = all(ipaddress.ip_address(address[0]).is_loopback for address in addresses)
        _announce(server, addresses[0][1])
        return exit_status(await received)
    finally:
        await runner.cleanup()


def _first_signal() -> asyncio.Future[int]:
    loop = asyncio.get_running_loop()
    received: asyncio.Future[int] = loop.create_future()

    def handle(number: int) -> None:
        if not received.done():
            received.set_result(number)
        loop.remove_signal_handler(INTERRUPT)  # who presses ctrl+c again insists

    for number in SIGNALS:
        if is_heeded(number):
            loop.add_signal_handler(number, handle, number)
    return received


def _announce(server: TrainerServer, port: int) -> None:
    host = printable(server.host)
    if not server.on_loopback:
        _tell(f"warning: --host {host}: anyone who reaches port {port} of this machine can start runs on it, in your name")
    shown = "localhost" if server.host in ("", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    _tell(f"open http://{shown}:{port} in a browser; ctrl+c ends the server")


def _tell(line: str) -> None:
    print(f"tui-trainer: {line}", file=sys.stderr, flush=True)  # noqa: T201


def _refusal(error: OSError | ValueError, host: str, port: int) -> UserError:
    number = None if isinstance(error, socket.gaierror) else getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return UserError(f"another program has it on {host}", option="--port", value=port, hint="choose another, or 0 for any that is free")
    if number == errno.EACCES:
        return UserError(
            "this user may not open it", option="--port", value=port, hint="choose one from 1024 on, or 0 for any that is free"
        )
    return UserError("not a name or address of this machine", option="--host", value=host, hint="leave it out for 127.0.0.1")


def _names_this_machine(name: str, given: str) -> bool:
    if name in ("localhost", given):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
