package transport

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain leaves TestStream out, which fails and is meant to. See it with
//
//	NAIVE=1 go test ./docs/examples/transport/naive
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("NAIVE") == "" {
		_ = flag.Set("test.skip", "^TestStream$")
	}
	os.Exit(m.Run())
}

// docs/transports.md shows what the first run says about some cases.
func TestPageShowsTheFirstRun(t *testing.T) {
	page, err := os.ReadFile("../../../transports.md")
	require.NoError(t, err)
	shown := strings.Split(string(page), "```text\n")[1:]
	require.NotEmpty(t, shown)
	for _, block := range shown {
		block, _, _ = strings.Cut(block, "```")
		name := regexp.MustCompile(`--- FAIL: (\S+)`).FindStringSubmatch(block)
		require.NotNil(t, name, block)
		run := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(name[1], "/", "$/^")+"$")
		run.Env = append(os.Environ(), "NAIVE=1")
		printed, err := run.Output()
		require.ErrorAs(t, err, new(*exec.ExitError))
		require.Contains(t, stable(string(printed)), stable(block))
	}
}

// stable leaves out what changes: indentation, times, and numbers of lines.
func stable(text string) string {
	var b strings.Builder
	for line := range strings.Lines(regexp.MustCompile(`\.go:\d+|\(.*s\)`).ReplaceAllString(text, "")) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}
