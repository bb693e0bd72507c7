package trace

import (
	"context"
	"flag"
	"os"
	"strings"
	"unicode"
)

// A TB is the part of testing.TB that [ForTest] needs, so that programs that
// import this package do not import testing.
type TB interface {
	Cleanup(func())
	Failed() bool
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Name() string
}

// artifactTB is what a TB is from Go 1.26 on.
type artifactTB interface{ ArtifactDir() string }

// folderVariable is an environment variable that asks for traces.
const folderVariable = "TRIBUTARY_TRACE"

// ForTest returns a recorder whose files are kept if the test fails, and logged
// then. It is nil, and so costs nothing, unless somebody has asked for traces:
// by go test -artifacts, from Go 1.26 on, whose folder for the test they are in
// then; or by the environment variable TRIBUTARY_TRACE, which names a folder.
//
// The two files have the name of the test, a number, and .pcapng and .json. They
// are removed when the test passes, and left when the test binary does not come
// to its end. The folder must exist. The recorder is closed when the test ends,
// after the functions that Cleanup is called with later. It works inside a testing/synctest bubble, with the t that
// is given there, and under package abctest with the t that the maker gets. A
// nil t gives a nil recorder.
func ForTest(t TB) *Recorder {
	if t == nil {
		return nil
	}
	t.Helper()
	folder := folderFor(t)
	if folder == "" {
		return nil
	}
	pcapng, err := os.CreateTemp(folder, fileName(t)+"-*.pcapng")
	if err != nil {
		t.Errorf("trace: %v", err)
		return nil
	}
	timeline, err := os.Create(strings.TrimSuffix(pcapng.Name(), "pcapng") + "json")
	if err != nil {
		_ = pcapng.Close()
		t.Errorf("trace: %v", err)
		return nil
	}
	rec := New(&Options{Pcapng: pcapng, Timeline: timeline})
	t.Cleanup(func() { keepIfFailed(t, rec, pcapng, timeline) })
	return rec
}

func keepIfFailed(t TB, rec *Recorder, files ...*os.File) {
	if err := rec.Close(context.Background()); err != nil {
		t.Errorf("%v", err)
	}
	for _, f := range files {
		if err := f.Close(); err != nil {
			t.Errorf("trace: %v", err)
		}
		if !t.Failed() {
			_ = os.Remove(f.Name())
			continue
		}
		t.Logf("trace: kept in %s", f.Name())
	}
	if n := rec.Dropped(); n > 0 {
		t.Logf("trace: %d events were dropped", n)
	}
}

// folderFor returns where the files of t are to be, "" if nobody wants them.
func folderFor(t TB) string {
	if folder := os.Getenv(folderVariable); folder != "" {
		return folder
	}
	asked := flag.Lookup("test.artifacts")
	if a, ok := t.(artifactTB); ok && asked != nil && asked.Value.String() == "true" {
		return a.ArtifactDir()
	}
	return ""
}

// fileName returns the name of t as a part of a file's name.
func fileName(t TB) string {
	const longest = 100
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, t.Name())
	return name[:min(len(name), longest)]
}
