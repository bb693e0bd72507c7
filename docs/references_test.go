package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// TestReferences checks what the pages refer to: files, headings, and Go names
// in backquotes. Addresses elsewhere on the net are not asked for.
func TestReferences(t *testing.T) {
	known := exported(t)
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		prose := withoutCode(string(text))
		code := regexp.MustCompile("`[^`\n]+`")
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(code.ReplaceAllString(prose, ""), -1) {
			checkLink(t, page, link[1])
		}
		for _, span := range code.FindAllString(prose, -1) {
			for _, m := range regexp.MustCompile(`[^.\w]([a-z]+\.[A-Z]\w*(\.[A-Z]\w*)?)`).FindAllStringSubmatch(span, -1) {
				name := m[1]
				pkg, _, _ := strings.Cut(name, ".")
				if names, ours := known[pkg]; ours && !names[name] {
					t.Errorf("%s: there is no %s", page, name)
				}
			}
		}
	}
}

// pages are all Markdown files of the project.
func pages(t *testing.T) (found []string) {
	require.NoError(t, filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if d.IsDir() && p != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(p, ".md") {
			found = append(found, p)
		}
		return err
	}))
	require.Greater(t, len(found), 10)
	return found
}

func withoutCode(text string) string {
	return regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(text, "")
}

func checkLink(t *testing.T, page, link string) {
	t.Helper()
	if strings.Contains(link, "://") {
		require.Regexp(t, `^https://`, link, page)
		return
	}
	file, heading, _ := strings.Cut(link, "#")
	target := page
	if file != "" {
		target = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
	}
	text, err := os.ReadFile(target)
	if stat, statErr := os.Stat(target); statErr == nil && stat.IsDir() {
		err = nil
	}
	if err != nil {
		t.Errorf("%s: there is no %s", page, link)
	} else if heading != "" && !headings(string(text))[heading] {
		t.Errorf("%s: there is no heading %s", page, link)
	}
}

// headings are the anchors that GitHub makes of a page's headings.
func headings(text string) map[string]bool {
	anchors := map[string]bool{}
	for line := range strings.Lines(withoutCode(text)) {
		title, found := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !found || line[0] != '#' {
			continue
		}
		anchors[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title))] = true
	}
	return anchors
}

// A parsedPackage is one that users import.
type parsedPackage struct {
	path  string // in the module
	files []*ast.File
}

func parsePackages(t *testing.T) (all []parsedPackage) {
	require.NoError(t, filepath.WalkDir("..", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		switch name := d.Name(); {
		case dir == "..":
			return nil
		case name == "internal", name == "testdata", name == "docs", name[0] == '.':
			return filepath.SkipDir
		}
		pkg := parsedPackage{path: strings.TrimPrefix(filepath.ToSlash(dir), "../")}
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			pkg.files = append(pkg.files, parsed)
		}
		if len(pkg.files) > 0 {
			all = append(all, pkg)
		}
		return err
	}))
	return all
}

// exported are the names of each package of the module, as they are written
// elsewhere: "abc.Stream", "memstream.Network.Partition".
func exported(t *testing.T) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, pkg := range parsePackages(t) {
		name := path.Base(pkg.path)
		all[name] = map[string]bool{}
		for _, file := range pkg.files {
			for _, d := range file.Decls {
				addDecl(all[name], name, d)
			}
		}
	}
	return all
}

func addDecl(names map[string]bool, pkg string, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			name = receiver(d.Recv.List[0].Type) + "." + name
		}
		names[pkg+"."+name] = true
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names[pkg+"."+name.Name] = true
				}
			case *ast.TypeSpec:
				names[pkg+"."+spec.Name.Name] = true
				for _, member := range members(spec.Type) {
					names[pkg+"."+spec.Name.Name+"."+member] = true
				}
			}
		}
	}
}

// members are the fields of a struct and the methods of an interface.
func members(e ast.Expr) (names []string) {
	var fields []*ast.Field
	switch e := e.(type) {
	case *ast.StructType:
		fields = e.Fields.List
	case *ast.InterfaceType:
		fields = e.Methods.List
	}
	for _, f := range fields {
		for _, name := range f.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

// receiver is the name of a method's type, which may be a pointer and generic.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
