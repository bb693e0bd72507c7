package transports

import (
	"flag"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the table into docs/transports.md")

const (
	page       = "../../transports.md"
	begin, end = "<!-- transports: begin; go test -update in examples/transports writes this -->\n", "<!-- transports: end -->\n"
)

// The table is made of the packages, so that it can't go stale.
func TestTable(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	require.NoError(t, err)
	for i, name := range files {
		files[i] = filepath.Dir(name)
	}
	table := "| package | lines | listens | cannot | a cancelled call | what had to be told |\n| --- | --- | --- | --- | --- | --- |\n"
	for _, dir := range slices.Compact(files) { // sorted
		p := inspect(t, dir)
		table += fmt.Sprintf("| [%s](examples/transports/%[1]s) | %d | %s | %s | %s | %s |\n",
			dir, p.lines, p.listens, p.cannot, p.item(t, "Cancel"), p.item(t, "Told"))
	}
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(content), begin)
	require.True(t, ok, "no %q in %s", begin, page)
	old, after, ok := strings.Cut(rest, end)
	require.True(t, ok, "no %q in %s", end, page)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(before+begin+table+end+after), 0o644))
		return
	}
	require.Equal(t, table, old, "run go test -update .")
}

// A transport is what the table says of a package.
type transport struct {
	dir, listens, cannot string
	lines                int
	doc                  string
}

func inspect(t *testing.T, dir string) transport {
	p := transport{dir: dir, listens: "no"}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var caps []string
	for _, name := range files {
		src, err := os.ReadFile(name)
		require.NoError(t, err)
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments)
		require.NoError(t, err)
		if !strings.HasSuffix(name, "_test.go") {
			p.lines += linesOfCode(src)
			p.doc += f.Doc.Text()
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if n.Sel.Name == "TestListener" {
					p.listens = "yes"
				}
			case *ast.CompositeLit:
				caps = append(caps, capsOf(n)...)
			}
			return true
		})
	}
	slices.Sort(caps)
	p.cannot = strings.Join(slices.Compact(caps), ", ")
	return p
}

// linesOfCode counts the lines that have more than comments on them.
func linesOfCode(src []byte) int {
	fset := token.NewFileSet()
	file := fset.AddFile("", fset.Base(), len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, 0) // without comments
	lines := map[int]bool{}
	for {
		pos, tok, lit := s.Scan()
		switch {
		case tok == token.EOF:
			return len(lines)
		case tok == token.SEMICOLON && lit == "\n": // not in the source
		default:
			first := file.Line(pos)
			for i := range 1 + strings.Count(lit, "\n") {
				lines[first+i] = true
			}
		}
	}
}

// capsOf returns what an abctest.Caps says that the transport cannot do.
func capsOf(lit *ast.CompositeLit) (names []string) {
	typ, ok := lit.Type.(*ast.SelectorExpr)
	if !ok || typ.Sel.Name != "Caps" {
		return nil
	}
	for _, e := range lit.Elts {
		if key := e.(*ast.KeyValueExpr).Key.(*ast.Ident).Name; strings.HasPrefix(key, "No") {
			names = append(names, "`"+key+"`")
		}
	}
	return names
}

// item returns the first sentence of the item of that name in the doc's list.
func (p *transport) item(t *testing.T, name string) string {
	for _, block := range new(comment.Parser).Parse(p.doc).Content {
		list, ok := block.(*comment.List)
		if !ok {
			continue
		}
		for _, item := range list.Items {
			text := string(new(comment.Printer).Text(&comment.Doc{Content: item.Content}))
			text = strings.Join(strings.Fields(text), " ")
			if rest, ok := strings.CutPrefix(text, name+": "); ok {
				first, _, _ := strings.Cut(rest, ". ")
				return strings.TrimSuffix(first, ".")
			}
		}
	}
	t.Errorf("the doc of package %s needs a list item \"%s: …\", for the table", p.dir, name)
	return ""
}
