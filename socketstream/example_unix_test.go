//go:build unix

package socketstream_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tributary-go/tributary/socketstream"
)

// A Unix socket that the group may connect to. If a process that was killed has
// left its path behind, it is replaced.
func ExampleListen() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	ctx := context.Background()
	path := filepath.Join(dir, "app.sock")
	l, err := socketstream.Listen(ctx, "unix", path, &socketstream.ListenOptions{Mode: 0o660})
	if err != nil {
		panic(err)
	}
	info, err := os.Stat(path)
	fmt.Println(info.Mode(), err)

	_, err = socketstream.Listen(ctx, "unix", path, nil)
	fmt.Println("a second one:", err != nil)

	l.Close(ctx)
	_, err = os.Stat(path)
	fmt.Println("left behind:", !os.IsNotExist(err))
	// Output:
	// Srw-rw---- <nil>
	// a second one: true
	// left behind: false
}
