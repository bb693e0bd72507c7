package bufstream

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"
)

var (
	errContainsLineEnd = errors.New("the text is more than one line, or ends in a carriage return")
	errNotUTF8         = errors.New("the text is not UTF-8")
)

// Lines returns the codec for lines of text, in UTF-8. A line ends in LF or CR
// LF, which is not part of it, and is sent with an LF. A character is whole
// however its bytes come. A line that is not UTF-8 is an error, and receiving
// goes on with the next one; for other encodings use [Delimited].
//
// A last line that does not end is [io.ErrUnexpectedEOF]: it may have been cut.
func Lines() Codec[string] {
	return Codec[string]{
		Encode: func(dst []byte, m string) ([]byte, error) {
			switch {
			case !utf8.ValidString(m):
				return dst, errNotUTF8
			case m != "" && m[len(m)-1] == '\r', strings.IndexByte(m, '\n') >= 0:
				return dst, errContainsLineEnd
			}
			return append(append(dst, m...), '\n'), nil
		},
		Decode: func(b []byte, scan *Scan) (string, int, error) {
			i := bytes.IndexByte(b[scan.Offset:], '\n')
			if i < 0 {
				scan.Offset = len(b)
				return "", 0, nil
			}
			i += scan.Offset
			line := bytes.TrimSuffix(b[:i], []byte("\r"))
			if !utf8.Valid(line) {
				return "", i + 1, errNotUTF8
			}
			return string(line), i + 1, nil
		},
		overhead: lineEnding,
	}
}

// lineEnding returns how long the end of a line is that has come to here: what
// is not there yet will be an LF.
func lineEnding(line []byte) int {
	if bytes.HasSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")) {
		return 2
	}
	return 1
}

// Text returns the codec for text in UTF-8 that has no frames: a message is what
// has come, without the beginning of a character whose rest has not. What was
// sent as one message may be received as several, or several as one. Bytes that
// are not UTF-8 end receiving, as an [abc.ErrBroken]. There is no limit.
func Text() Codec[string] {
	return Codec[string]{
		Encode: func(dst []byte, m string) ([]byte, error) {
			if !utf8.ValidString(m) {
				return dst, errNotUTF8
			}
			return append(dst, m...), nil
		},
		Decode: func(b []byte, _ *Scan) (string, int, error) {
			n := 0
			for n < len(b) {
				r, size := utf8.DecodeRune(b[n:])
				if r == utf8.RuneError && size == 1 {
					if utf8.FullRune(b[n:]) && n == 0 {
						return "", 0, errNotUTF8
					}
					break
				}
				n += size
			}
			return string(b[:n]), n, nil
		},
		overhead: func(frame []byte) int { return len(frame) }, // nothing is too long
	}
}
