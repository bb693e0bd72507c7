//! Tokio's streams over TCP, and its duplex in memory. `anchor 1` runs all on
//! the current thread, `anchor 2` on two workers. ../protocol.py tells what it
//! says to the benchmark.

use std::io::{self, BufRead, Write};
use std::time::Instant;
use tokio::io::{duplex, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const ROOM: usize = 64 << 10;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for T {}

type Pair<S> = (S, S);

/// Both ends are tasks of the runtime, so that two workers can run them at once.
async fn there_and_back<S: Stream>((mut a, mut b): Pair<S>, times: usize) -> io::Result<Pair<S>> {
    let asking = tokio::spawn(async move {
        for _ in 0..times {
            a.write_all(b"x").await?;
            a.read_exact(&mut [0]).await?;
        }
        io::Result::Ok(a)
    });
    let answering = tokio::spawn(async move {
        let mut p = [0];
        for _ in 0..times {
            b.read_exact(&mut p).await?;
            b.write_all(&p).await?;
        }
        io::Result::Ok(b)
    });
    Ok((asking.await??, answering.await??))
}

async fn sends<S: Stream>((mut a, mut b): Pair<S>, size: usize, times: usize) -> io::Result<Pair<S>> {
    let sending = tokio::spawn(async move {
        let data = vec![0; size];
        for _ in 0..times {
            a.write_all(&data).await?;
        }
        io::Result::Ok(a)
    });
    let receiving = tokio::spawn(async move {
        let mut room = vec![0; ROOM];
        let mut rest = size * times;
        while rest > 0 {
            match b.read(&mut room).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => rest -= n,
            }
        }
        io::Result::Ok(b)
    });
    Ok((sending.await??, receiving.await??))
}

async fn work<S: Stream>(pair: Pair<S>, what: &str, times: usize) -> io::Result<Pair<S>> {
    match what.parse() {
        Ok(size) => sends(pair, size, times).await,
        Err(_) => there_and_back(pair, times).await,
    }
}

async fn tcp_pair() -> io::Result<Pair<TcpStream>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let a = TcpStream::connect(listener.local_addr()?).await?;
    let (b, _) = listener.accept().await?;
    a.set_nodelay(true)?;
    b.set_nodelay(true)?;
    Ok((a, b))
}

fn runtime(workers: &str) -> io::Result<Runtime> {
    match workers {
        "1" => Builder::new_current_thread().enable_io().build(),
        _ => Builder::new_multi_thread().worker_threads(2).enable_io().build(),
    }
}

/// Cargo writes the lock file before it compiles.
fn tokio_version() -> &'static str {
    let (_, rest) = include_str!("../Cargo.lock").split_once("name = \"tokio\"").unwrap();
    rest.split('"').nth(1).unwrap()
}

fn main() -> io::Result<()> {
    let runtime = runtime(&std::env::args().nth(1).unwrap_or_default())?;
    let mut tcp = runtime.block_on(tcp_pair())?;
    let mut memory = duplex(ROOM);
    println!(
        "tokio {}\ttcp-there-and-back tcp-65536 memory-there-and-back memory-64 memory-4096 memory-65536 memory-1048576",
        tokio_version()
    );
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (name, times) = line.split_once(' ').expect("WORK TIMES");
        let (medium, what) = name.split_once('-').expect("MEDIUM-WHAT");
        let times = times.parse().expect("a number");
        let start = Instant::now();
        if medium == "tcp" {
            tcp = runtime.block_on(work(tcp, what, times))?;
        } else {
            memory = runtime.block_on(work(memory, what, times))?;
        }
        println!("{}", start.elapsed().as_nanos());
        io::stdout().flush()?;
    }
    Ok(())
}
