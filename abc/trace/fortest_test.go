package trace_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/memstream"
)

// A fakeTB is a test that fails if it is told to.
type fakeTB struct {
	testing.TB
	failed   bool
	cleanups []func()
	log      []string
}

func (f *fakeTB) Cleanup(c func())          { f.cleanups = append(f.cleanups, c) }
func (f *fakeTB) Failed() bool              { return f.failed }
func (f *fakeTB) Name() string              { return "TestIt/of a:künd/" + strings.Repeat("x", 300) }
func (f *fakeTB) Logf(s string, a ...any)   { f.log = append(f.log, fmt.Sprintf(s, a...)) }
func (f *fakeTB) Errorf(s string, a ...any) { f.Logf(s, a...); f.failed = true }

func (f *fakeTB) end() {
	for _, c := range slices.Backward(f.cleanups) {
		c()
	}
}

func exchange(t *testing.T, rec *trace.Recorder) {
	a, b := memstream.Pair(nil)
	converse(t, rec.Stream("test", a), b, []byte("ping"), []byte("pong"))
}

func TestForTestKeepsTheTraceOfAFailure(t *testing.T) {
	for _, failed := range []bool{true, false} {
		folder := t.TempDir()
		t.Setenv("TRIBUTARY_TRACE", folder)
		fake := &fakeTB{TB: t, failed: failed}
		exchange(t, trace.ForTest(fake))
		exchange(t, trace.ForTest(fake)) // a second one has files of its own
		fake.end()
		files, err := filepath.Glob(folder + "/TestIt_of_a_k_nd_xxx*")
		require.NoError(t, err)
		if !failed {
			require.Empty(t, files)
			require.Empty(t, fake.log)
			continue
		}
		require.Len(t, files, 4)
		require.Len(t, fake.log, 4)
		for _, file := range files {
			require.Contains(t, strings.Join(fake.log, "\n"), "trace: kept in "+file)
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			if strings.HasSuffix(file, ".pcapng") {
				c, err := readCapture(content)
				require.NoError(t, err)
				x, err := c.conversations()
				require.NoError(t, err)
				require.Equal(t, "pong", string(x[0].server.data))
				continue
			}
			_, err = readTimeline(content)
			require.NoError(t, err)
		}
	}
}

func TestForTestInABubble(t *testing.T) {
	t.Setenv("TRIBUTARY_TRACE", t.TempDir())
	synctest.Test(t, func(t *testing.T) { exchange(t, trace.ForTest(t)) })
}

func TestForTestIsOff(t *testing.T) {
	t.Setenv("TRIBUTARY_TRACE", "")
	require.Nil(t, trace.ForTest(&fakeTB{TB: t}))
	require.Nil(t, trace.ForTest(nil))
	defer func(flags *flag.FlagSet) { flag.CommandLine = flags }(flag.CommandLine)
	flag.CommandLine = flag.NewFlagSet("a program that is no test", flag.PanicOnError)
	require.Nil(t, trace.ForTest(&fakeTB{TB: t}))
}

// artifacts is a test that has a folder.
type artifacts struct {
	*fakeTB
	folder string
}

func (a artifacts) ArtifactDir() string { return a.folder }

func TestForTestAmongTheArtifacts(t *testing.T) {
	asked := flag.Lookup("test.artifacts")
	if asked == nil {
		t.Skip("this Go has no -artifacts")
	}
	t.Setenv("TRIBUTARY_TRACE", "")
	defer func(was string) { _ = asked.Value.Set(was) }(asked.Value.String())
	require.NoError(t, asked.Value.Set("true"))
	fake := artifacts{&fakeTB{TB: t, failed: true}, t.TempDir()}
	exchange(t, trace.ForTest(fake))
	fake.end()
	files, err := os.ReadDir(fake.folder)
	require.NoError(t, err)
	require.Len(t, files, 2)
}

func TestForTestWithoutAFolder(t *testing.T) {
	t.Setenv("TRIBUTARY_TRACE", filepath.Join(t.TempDir(), "missing"))
	fake := &fakeTB{TB: t}
	require.Nil(t, trace.ForTest(fake))
	require.True(t, fake.failed)
}
