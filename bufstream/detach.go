package bufstream

import (
	"context"

	"github.com/tributary-go/tributary/abc"
)

// Detach ends the receiver and keeps the stream below, for a switch of
// protocols: it returns what was received and not consumed, and the stream that
// goes on after that. Both belong to the caller. What was received ahead is of
// the new protocol, and has to go there and nowhere else:
//
//	prebuffered, _ := receiver.Detach()
//	s := tlsstream.Server(transport, cfg, &tlsstream.Options{Prebuffered: prebuffered})
//
// Every later operation is [abc.ErrClosed], and Close does nothing. Detach does
// not block. It panics while an operation is in progress: what that receives
// would be lost between the two protocols. After Close it returns nil and the
// stream, which is closed.
func (r *Receiver) Detach() (prebuffered []byte, below abc.ReceiveStream) {
	prebuffered, err := r.detach()
	if err == abc.ErrBusy {
		panic("bufstream: Detach while an operation is in progress")
	}
	return prebuffered, r.below
}

func (r *Receiver) detach() ([]byte, error) {
	if err := r.guard.Enter(context.Background()); err != nil {
		return nil, err
	}
	defer r.guard.Leave()
	if !r.ended.CompareAndSwap(notEnded, endedByDetach) {
		return nil, abc.ErrClosed // meanwhile
	}
	r.guard.Close()
	prebuffered := r.buf.Bytes()
	r.buf = Buffer{} // the memory is the caller's
	r.waker.wake()   // lets go of a context
	return prebuffered, nil
}
