"""Trio's streams over TCP, and its memory streams."""

import functools

import trio
import trio.testing

from protocol import ROOM, SIZES, serve


async def both(a, b):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(a)
        nursery.start_soon(b)


async def there_and_back(a, b, times):
    async def ask():
        for _ in range(times):
            await a.send_all(b"x")
            await a.receive_some(1)

    async def answer():
        for _ in range(times):
            await b.send_all(await b.receive_some(1))

    await both(ask, answer)


async def sends(a, b, size, times):
    async def send():
        data = bytes(size)
        for _ in range(times):
            await a.send_all(data)

    async def receive():
        rest = size * times
        while rest:
            rest -= len(await b.receive_some(ROOM))

    await both(send, receive)


async def tcp_pair():
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    a = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
    return a, await listener.accept()


async def main():
    tcp, memory = await tcp_pair(), trio.testing.memory_stream_pair()
    works = {
        "tcp-there-and-back": functools.partial(there_and_back, *tcp),
        f"tcp-{64 << 10}": functools.partial(sends, *tcp, 64 << 10),
        "memory-there-and-back": functools.partial(there_and_back, *memory),
    }
    for size in SIZES:
        works[f"memory-{size}"] = functools.partial(sends, *memory, size)
    await serve(f"trio {trio.__version__}", works)


trio.run(main)
