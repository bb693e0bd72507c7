// Package trace records.
package trace
