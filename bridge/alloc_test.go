//go:build !race

package bridge_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// Copying through a buffer takes that from a pool.
func TestCopyAllocatesNothing(t *testing.T) {
	a, b := memory(0)
	content := make([]byte, 1000)
	source := bytes.NewReader(content)
	plain := struct{ io.Reader }{source}
	var sink countdown
	allocs := testing.AllocsPerRun(100, func() {
		source.Reset(content)
		if n, err := a.(io.ReaderFrom).ReadFrom(&plain); n != 1000 || err != nil {
			panic(err)
		}
		sink.left = len(content)
		if n, err := b.(io.WriterTo).WriteTo(&sink); n != 1000 || err != io.ErrClosedPipe {
			panic(err)
		}
	})
	require.Zero(t, allocs)
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
}

// A countdown is a writer that has had enough when all was written.
type countdown struct{ left int }

func (c *countdown) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left > 0 {
		return len(p), nil
	}
	return len(p), io.ErrClosedPipe
}
