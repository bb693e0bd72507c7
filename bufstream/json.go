package bufstream

import (
	"encoding/json"
	"errors"
)

// JSON returns the codec for JSON values of type T, one after the other, with
// or without white space between them, as a [json.Decoder] takes them: JSON
// lines among others. Each is sent on a line of its own.
//
// A value that is JSON and not a T is an error, and receiving goes on with the
// next one; what is no JSON ends receiving, as an [abc.ErrBroken]. A number
// needs something after it: at the end of the stream it may have been cut.
func JSON[T any]() Codec[T] {
	return Codec[T]{
		Encode: func(dst []byte, m T) ([]byte, error) {
			p, err := json.Marshal(m)
			if err != nil {
				return dst, err
			}
			return append(append(dst, p...), '\n'), nil
		},
		Decode: func(b []byte, scan *Scan) (m T, n int, err error) {
			for n < len(b) && isSpace(b[n]) {
				n++
			}
			if n > 0 {
				return m, n, ErrSkip
			}
			n = endOfJSON(b, scan)
			if n == 0 {
				return m, 0, nil
			}
			err = json.Unmarshal(b[:n], &m)
			if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
				return m, 0, err
			}
			return m, n, err
		},
		overhead: func(frame []byte) int { // an LF is what Encode added
			if frame[len(frame)-1] == '\n' {
				return 1
			}
			return 0
		},
	}
}

// The places in a JSON value, in Scan.State, below the depth of brackets.
const (
	jsonInString = 1 << iota
	jsonAfterBackslash
	jsonBracket
)

// endOfJSON returns where the value that b begins with ends, 0 if that is not
// there. It sees brackets and strings only: the rest is for json.Unmarshal.
func endOfJSON(b []byte, scan *Scan) int {
	switch b[0] {
	case 't', 'n':
		return word(b, len("true")) // or null
	case 'f':
		return word(b, len("false"))
	case '{', '[', '"':
	default:
		for i := scan.Offset; i < len(b); i++ {
			if !isNumber(b[i]) {
				return max(i, 1) // where it is 0, json.Unmarshal says so
			}
		}
		scan.Offset = len(b)
		return 0
	}
	state := scan.State
	for i := scan.Offset; i < len(b); i++ {
		switch c := b[i]; {
		case state&jsonAfterBackslash != 0:
			state &^= jsonAfterBackslash
		case state&jsonInString != 0:
			if c == '\\' {
				state |= jsonAfterBackslash
			} else if c == '"' {
				state &^= jsonInString
			}
		case c == '"':
			state |= jsonInString
		case c == '{' || c == '[':
			state += jsonBracket
		case c == '}' || c == ']':
			state -= jsonBracket
		}
		if state == 0 {
			return i + 1
		}
	}
	scan.Offset, scan.State = len(b), state
	return 0
}

// word returns n if that many bytes are there.
func word(b []byte, n int) int {
	if len(b) < n {
		return 0
	}
	return n
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}
