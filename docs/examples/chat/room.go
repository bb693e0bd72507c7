package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tributary-go/tributary/abc"
)

var errSlow = errors.New("does not keep up")

// A Room is where everybody hears everybody. Make one with NewRoom. It knows
// nothing of how its members are connected.
type Room struct {
	closing context.Context
	close   context.CancelFunc

	mu      sync.Mutex
	members map[string]*member
}

// NewRoom returns a room that nobody is in.
func NewRoom() *Room {
	r := &Room{members: make(map[string]*member)}
	r.closing, r.close = context.WithCancel(context.Background())
	return r
}

// Serve is an abc.Handler: it asks for a name, lets its owner in, and returns
// when that one has left.
func (r *Room) Serve(ctx context.Context, s abc.Stream) {
	defer s.Close(ctx)
	here, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	m := newMember(s)
	if !r.admit(ctx, m) {
		return
	}
	var delivery sync.WaitGroup
	delivery.Go(func() { leave(m.deliver(ctx)) }) // who is not told is not heard
	r.exit(m, r.hear(here, m))
	delivery.Wait()
}

// admit asks for a name until it gets one that can be had.
func (r *Room) admit(ctx context.Context, m *member) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer context.AfterFunc(r.closing, cancel)()
	for question := "Who are you?"; ; {
		line, err := m.ask(ctx, question)
		if err != nil {
			return false
		}
		if m.name = strings.TrimSpace(line); !validName.MatchString(m.name) {
			question = "A name is up to 20 letters and digits. Who are you?"
		} else if r.enter(m) {
			return true
		} else {
			question = m.name + " is here already. Who are you?"
		}
	}
}

// enter makes m a member, if nobody is of that name.
func (r *Room) enter(m *member) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.members[m.name] != nil {
		return false
	}
	r.announce(nil, "* "+m.name+" is here.")
	r.members[m.name] = m
	r.tell(m, "* Hello, "+m.name+". "+r.who()+" /who lists them, /quit leaves.")
	if r.closing.Err() != nil {
		r.dismiss()
	}
	return true
}

// hear passes on what m says until m leaves, and returns why.
func (r *Room) hear(ctx context.Context, m *member) error {
	for line, err := range m.in.Lines(ctx) {
		if err != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		said := printable(line)
		if said == "/quit" {
			break
		}
		r.mu.Lock()
		if said == "/who" {
			r.tell(m, "* "+r.who())
		} else if said != "" && r.members[m.name] == m {
			r.announce(m, m.name+": "+said)
		}
		r.mu.Unlock()
	}
	return nil
}

// exit takes m out, if that has not happened.
func (r *Room) exit(m *member, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(m, why)
}

// Close sends everybody home. Their Serve returns when they have been told all
// that was said until now. It does not block.
func (r *Room) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close()
	r.dismiss()
}

// The methods that follow are called with mu held.

// dismiss takes everybody out.
func (r *Room) dismiss() {
	r.announce(nil, "* The room is closing. Good bye.")
	for _, m := range r.members {
		delete(r.members, m.name) // nobody needs to hear of each that leaves
		close(m.lines)
	}
}

// who is the sentence about who is here.
func (r *Room) who() string {
	return "Here are: " + strings.Join(slices.Sorted(maps.Keys(r.members)), ", ") + "."
}

// announce tells a line to everybody but the one who said it.
func (r *Room) announce(speaker *member, line string) {
	for _, m := range r.members {
		if m != speaker {
			r.tell(m, line)
		}
	}
}

// tell puts a line where m's delivery takes it from. It does not wait for
// anybody: who is so far behind that there is no room for it has to go.
func (r *Room) tell(m *member, line string) {
	if r.members[m.name] != m {
		return
	}
	select {
	case m.lines <- line:
	default:
		r.remove(m, errSlow)
	}
}

// remove takes m out and says why. What m was told before is still delivered.
func (r *Room) remove(m *member, why error) {
	if r.members[m.name] != m {
		return
	}
	delete(r.members, m.name)
	close(m.lines)
	r.announce(nil, "* "+m.name+" left"+reason(why)+".")
}
