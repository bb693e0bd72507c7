package bridge

// A halfCloseConn is a conn of a stream that half-closes. It is a type of its
// own because those who half-close look for the method, and close the whole
// connection if it is not there. Most of them don't look at its error.
type halfCloseConn struct{ conn }

// CloseWrite sends EOF, under the write deadline.
func (c *halfCloseConn) CloseWrite() error {
	ctx, err := c.begin(&c.write)
	if err != nil {
		return c.error("close", err)
	}
	defer c.write.end()
	if err := c.s.SendEOF(ctx); err != nil {
		return c.error("close", c.cause(ctx, err))
	}
	return nil
}
