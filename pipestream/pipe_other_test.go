//go:build !unix

package pipestream_test

import "os"

var pipeMakers = map[string]pipeMaker{"pipe": os.Pipe}
