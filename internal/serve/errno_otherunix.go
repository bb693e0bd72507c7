//go:build unix && !linux && !darwin

package serve

var perConnectionHere []error
