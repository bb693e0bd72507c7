package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplitWords(t *testing.T) {
	for command, want := range map[string][]string{
		"date":                  {"date"},
		"  date \t -u ":         {"date", "-u"},
		"sh -c 'date; cat'":     {"sh", "-c", "date; cat"},
		`echo "it's" '"so"'`:    {"echo", "it's", `"so"`},
		`a'b c'd"e f" ''`:       {"ab cde f", ""},
		`grep \. 'C:\new'`:      {"grep", `\.`, `C:\new`},
		"läuft 'über Grenzen '": {"läuft", "über Grenzen "},
	} {
		got, err := splitWords(command)
		require.NoError(t, err, command)
		require.Equal(t, want, got, command)
	}
	for _, command := range []string{"", "  ", "a 'b", `"`} {
		_, err := splitWords(command)
		require.Error(t, err, command)
	}
}
