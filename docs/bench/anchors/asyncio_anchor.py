"""The streams of asyncio over TCP; it has none in memory."""

import asyncio
import functools

from protocol import ROOM, serve


async def there_and_back(a, b, times):
    async def ask(reader, writer):
        for _ in range(times):
            writer.write(b"x")
            await writer.drain()
            await reader.read(1)

    async def answer(reader, writer):
        for _ in range(times):
            writer.write(await reader.read(1))
            await writer.drain()

    await asyncio.gather(ask(*a), answer(*b))


async def sends(a, b, size, times):
    async def send(_, writer):
        data = bytes(size)
        for _ in range(times):
            writer.write(data)
            await writer.drain()

    async def receive(reader, _):
        rest = size * times
        while rest:
            rest -= len(await reader.read(ROOM))

    await asyncio.gather(send(*a), receive(*b))


async def tcp_pair():
    accepted = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda r, w: accepted.set_result((r, w)), "127.0.0.1", 0)
    a = await asyncio.open_connection(*server.sockets[0].getsockname())
    return a, await accepted


async def main():
    tcp = await tcp_pair()
    await serve("asyncio", {
        "tcp-there-and-back": functools.partial(there_and_back, *tcp),
        f"tcp-{64 << 10}": functools.partial(sends, *tcp, 64 << 10),
    })


asyncio.run(main())
