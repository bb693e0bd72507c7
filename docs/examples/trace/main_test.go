package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRecord(t *testing.T) {
	pcapng, timeline := filepath.Join(t.TempDir(), "hello.pcapng"), filepath.Join(t.TempDir(), "hello.json")
	require.NoError(t, record(pcapng, timeline))
	capture, err := os.ReadFile(pcapng)
	require.NoError(t, err)
	require.Contains(t, string(capture), "GET / HTTP/1.0\r\n")
	require.Contains(t, string(capture), "200 OK")
	text, err := os.ReadFile(timeline)
	require.NoError(t, err)
	var events []map[string]any
	require.NoError(t, json.Unmarshal(text, &events))
	require.NotEmpty(t, events)
}

func TestRecordNowhere(t *testing.T) {
	folder := t.TempDir()
	require.Error(t, record(filepath.Join(folder, "no", "file"), filepath.Join(folder, "b")))
	require.Error(t, record(filepath.Join(folder, "a"), filepath.Join(folder, "no", "file")))
}
