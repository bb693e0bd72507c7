package fault

import "context"

// A gate decides how the bytes of one direction go on. No two of its methods
// run at the same time.
type gate interface {
	// allow returns how many of the next n bytes may go now, at least one if n
	// is not 0, or why nothing goes any more. It is called for SendEOF as well,
	// with n == 0.
	allow(ctx context.Context, n int) (int, error)

	// passed is told how many of them went.
	passed(n int)
}

// open is a gate that lets everything pass.
type open struct{}

func (open) allow(_ context.Context, n int) (int, error) { return n, nil }
func (open) passed(int)                                  {}

// cuts is a gate that lets one piece pass at a time. Where the pieces end
// depends on nothing but size, not on how the calls are made.
type cuts struct {
	size func() int // of the next piece
	left int        // of the piece that began
}

func (c *cuts) allow(_ context.Context, n int) (int, error) {
	if c.left == 0 && n > 0 {
		c.left = c.size()
	}
	return min(n, c.left), nil
}

func (c *cuts) passed(n int) { c.left -= n }

// limit is a gate that lets so many bytes pass. After that every operation
// does what end does.
type limit struct {
	left int
	end  func(ctx context.Context) error
}

// after returns a limit of n bytes.
func after(n int, end func(ctx context.Context) error) *limit {
	if n < 0 {
		panic("fault: a negative number of bytes")
	}
	return &limit{n, end}
}

func (l *limit) allow(ctx context.Context, n int) (int, error) {
	if l.left == 0 {
		return 0, l.end(ctx)
	}
	return min(n, l.left), nil
}

func (l *limit) passed(n int) { l.left -= n }
