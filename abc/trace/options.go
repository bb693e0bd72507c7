package trace

import "io"

// Options says where a [Recorder] writes.
type Options struct {
	// Pcapng gets a capture file of all that is sent and received. Nil is none.
	Pcapng io.Writer

	// Timeline gets a timeline of all calls, as Chrome trace events. Nil is none.
	Timeline io.Writer

	// Buffer is how many bytes may be in memory because the writers have not
	// taken them yet. What does not fit is dropped. 0 is 8 MiB, and less than
	// 256 KiB is taken as that.
	//
	// Each Write gets whole records, so a file that is cut between two of them
	// can be read. Neither writer is closed. They are written to in turn, by one
	// goroutine.
	Buffer int
}

const (
	defaultBuffer = 8 << 20
	leastBuffer   = 256 << 10
)

// buffer returns the size to use.
func (o *Options) buffer() int {
	if o.Buffer == 0 {
		return defaultBuffer
	}
	return max(o.Buffer, leastBuffer)
}
