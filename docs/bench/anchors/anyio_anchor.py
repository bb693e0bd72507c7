"""AnyIO's streams over TCP, on asyncio; in memory it has only objects, no bytes."""

import functools
import importlib.metadata

import anyio

from protocol import ROOM, serve


async def both(a, b):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(a)
        tasks.start_soon(b)


async def there_and_back(a, b, times):
    async def ask():
        for _ in range(times):
            await a.send(b"x")
            await a.receive(1)

    async def answer():
        for _ in range(times):
            await b.send(await b.receive(1))

    await both(ask, answer)


async def sends(a, b, size, times):
    async def send():
        data = bytes(size)
        for _ in range(times):
            await a.send(data)

    async def receive():
        rest = size * times
        while rest:
            rest -= len(await b.receive(ROOM))

    await both(send, receive)


async def main():
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    accepted, found = anyio.Event(), []

    async def handler(stream):
        found.append(stream)
        accepted.set()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handler)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        tcp = [await anyio.connect_tcp("127.0.0.1", port)]
        await accepted.wait()
        tcp += found
        await serve(f"anyio {importlib.metadata.version('anyio')}", {
            "tcp-there-and-back": functools.partial(there_and_back, *tcp),
            f"tcp-{64 << 10}": functools.partial(sends, *tcp, 64 << 10),
        })
        tasks.cancel_scope.cancel()


anyio.run(main)
