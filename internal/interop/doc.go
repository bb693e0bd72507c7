// Package interop holds tests only: programs and libraries that know nothing of
// Tributary, run on its streams. Its README has the results.
//
// It is a module of its own, so that no user downloads what it depends on.
package interop
