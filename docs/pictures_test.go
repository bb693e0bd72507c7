package docs_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPictures fails when a picture is not the one that was drawn of its text.
// "make docs" draws all, and has this test write down of what.
func TestPictures(t *testing.T) {
	texts, err := filepath.Glob("pictures/*.d2")
	require.NoError(t, err)
	var drawn strings.Builder
	for _, text := range texts {
		picture := strings.TrimSuffix(text, ".d2") + ".svg"
		fmt.Fprintf(&drawn, "%s %x %x\n", filepath.Base(picture), digest(t, text), digest(t, picture))
	}
	if *update {
		require.NoError(t, os.WriteFile("pictures/drawn.txt", []byte(drawn.String()), 0o666))
	}
	committed, err := os.ReadFile("pictures/drawn.txt")
	require.NoError(t, err)
	require.Equal(t, string(committed), drawn.String(), "make docs draws them anew")

	var all strings.Builder
	for _, page := range pages(t) {
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		all.Write(content)
	}
	for _, text := range texts {
		name := strings.TrimSuffix(filepath.Base(text), ".d2") + ".svg"
		require.Contains(t, all.String(), "pictures/"+name+")", "no page shows it")
	}
}

func digest(t *testing.T, file string) []byte {
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	s := sha256.Sum256(content)
	return s[:8]
}
