package docs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requirePage checks that a page has at least so many Go snippets, each of which
// is in one of the sources, so that it is compiled, and at most so many lines.
func requirePage(t *testing.T, page string, snippets, lines int, sources ...string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var compiled strings.Builder
	for _, name := range sources {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		compiled.WriteString(squeeze(string(source)))
	}
	found := strings.Split(string(text), "```go\n")[1:]
	require.GreaterOrEqual(t, len(found), snippets)
	for _, s := range found {
		snippet, _, found := strings.Cut(s, "```")
		require.True(t, found, "a snippet does not end: %s", s)
		require.True(t, strings.Contains(compiled.String(), squeeze(snippet)), "not in %s: %s", sources, snippet)
	}
	require.LessOrEqual(t, strings.Count(string(text), "\n"), lines, "lines")
}

// squeeze makes texts comparable that are indented and aligned differently.
func squeeze(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return b.String()
}
