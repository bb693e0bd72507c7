package docs_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/format"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write api.txt anew")

// TestAPI holds api.txt equal to what the packages export, so that no change of
// it is an accident: go test ./docs -run TestAPI -update writes it anew, and
// CHANGELOG.md tells users.
func TestAPI(t *testing.T) {
	var listing strings.Builder
	for _, pkg := range parsePackages(t) {
		var lines []string
		for _, file := range pkg.files {
			ast.FileExports(file)
			for _, d := range file.Decls {
				lines = append(lines, declarations(t, d)...)
			}
		}
		slices.Sort(lines)
		listing.WriteString("package " + pkg.path + "\n\n" + strings.Join(slices.Compact(lines), "") + "\n")
	}
	if *update {
		require.NoError(t, os.WriteFile("api.txt", []byte(listing.String()), 0o666))
	}
	committed, err := os.ReadFile("api.txt")
	require.NoError(t, err)
	require.Equal(t, strings.Split(string(committed), "\n"), strings.Split(listing.String(), "\n"),
		"the API has changed: if it should, go test ./docs -run TestAPI -update, and an entry in CHANGELOG.md")
}

// declarations are the lines of the listing for d, without bodies and comments.
func declarations(t *testing.T, d ast.Decl) (lines []string) {
	add := func(node any) {
		var b bytes.Buffer
		require.NoError(t, format.Node(&b, token.NewFileSet(), node))
		text := strings.ReplaceAll(b.String(), "// contains filtered or unexported fields\n", "")
		lines = append(lines, strings.ReplaceAll(strings.TrimSpace(text), "{\n\n}", "{}")+"\n")
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		d.Body = nil
		if d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type)) {
			add(d)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if value, ok := spec.(*ast.ValueSpec); ok {
				value.Values = nil
			}
			if d.Tok != token.IMPORT {
				add(&ast.GenDecl{Tok: d.Tok, Specs: []ast.Spec{spec}})
			}
		}
	}
	return lines
}
