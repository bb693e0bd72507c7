// Command tour sends a file through every transport of Tributary, with one
// protocol written once, and checks what the library promises on each.
//
//	tour [FILE]
//
// Without FILE it sends its own source files. It prints one row a transport
// and exits with status 1 if a check fails, 2 if FILE can't be read.
package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

//go:embed *.go
var sources embed.FS

// patience bounds each transport's part of the tour.
const patience = 2 * time.Minute

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, transports())) }

func run(args []string, stdout, stderr io.Writer, all []transport) (status int) {
	data, name, err := load(args)
	if err != nil {
		fmt.Fprintln(stderr, "tour:", err)
		return 2
	}
	fmt.Fprintf(stdout, "%s, %d bytes, through each transport and back as a SHA-256\n\n", name, len(data))
	printHead(stdout)
	for _, tr := range all {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		row, err := visit(ctx, tr, data)
		cancel()
		if err != nil {
			status = 1
			row.failed = err
		}
		row.print(stdout)
	}
	if status == 0 {
		fmt.Fprintln(stdout, legend)
	}
	return status
}

func load(args []string) (data []byte, name string, err error) {
	switch len(args) {
	case 0:
		return ownSources()
	case 1:
		data, err = os.ReadFile(args[0])
		return data, args[0], err
	}
	return nil, "", errors.New("give one FILE or none")
}

// ownSources returns the sources, so often that a rate can be measured.
func ownSources() (data []byte, name string, err error) {
	const enough = 4 << 20
	files, err := sources.ReadDir(".")
	if err != nil {
		return nil, "", err
	}
	var once []byte
	for _, f := range files {
		text, err := sources.ReadFile(f.Name())
		if err != nil {
			return nil, "", err
		}
		once = append(once, text...)
	}
	times := 0
	for len(data) < enough {
		data = append(data, once...)
		times++
	}
	return data, fmt.Sprintf("the tour's own source files, %d times over", times), nil
}
