//go:build !unix && !windows

package serve

var exhaustion, perConnection []error
