//go:build !linux

package socketstream

// choosePortLate has nothing to do: only Linux knows how.
func choosePortLate(control dialControl) dialControl { return control }
