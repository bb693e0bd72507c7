// Package pipestream has streams over the files of the operating system that
// are read and written from their beginning to their end: the two ends of a
// pipe, a FIFO, the standard input and output of this program, and those of a
// child process.
//
// [NewSendStream] and [NewReceiveStream] take one file each, [New] one for each
// direction. [Start] starts a program and is the stream to it; [Stdio] is the
// other end, in the program.
//
// # Opening a FIFO
//
// [os.OpenFile] of a FIFO blocks until somebody opens the other end, and no
// context ends that. With syscall.O_NONBLOCK it does not block: a FIFO that is
// opened to read then says io.EOF while nobody writes, and opening one to
// write fails with syscall.ENXIO while nobody reads. On Darwin a FIFO has no
// deadlines.
package pipestream
