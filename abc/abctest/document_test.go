package abctest_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc/abctest"
)

var update = flag.Bool("update", false, "write docs/conformance.md anew")

const document = "../../docs/conformance.md"

// caught maps each case to the faults that it is known to catch.
func caught() map[string][]string {
	all := map[string][]string{}
	for _, f := range faults {
		all["stream "+f.caught] = append(all["stream "+f.caught], f.name)
	}
	for _, f := range cloggedFaults {
		all["stream Clogged/"+f.caught] = append(all["stream Clogged/"+f.caught], f.name)
	}
	for _, f := range messageFaults {
		all["messages "+f.caught] = append(all["messages "+f.caught], f.name)
	}
	for _, f := range listenerFaults {
		all["listener "+f.caught] = append(all["listener "+f.caught], f.name)
	}
	return all
}

func kind(c abctest.CaseInfo) string {
	switch c.Suite {
	case "TestListener":
		return "listener "
	case "TestMessages":
		return "messages "
	}
	return "stream "
}

// Each case has been seen to fail: on a stream that differs from an honest one
// by one breach.
func TestEachCaseCatchesAFault(t *testing.T) {
	table := caught()
	var without []string
	for _, c := range abctest.AllCases() {
		found := table[kind(c)+c.Name]
		for _, name := range found {
			t.Logf("%-32s catches: %s", c.Name, name)
		}
		if len(found) == 0 {
			without = append(without, kind(c)+c.Name)
		}
	}
	require.Empty(t, without, "cases without a fault")
}

func TestEachRuleHasACase(t *testing.T) {
	rules := map[string]bool{}
	for _, c := range abctest.AllCases() {
		number, _, _ := strings.Cut(c.Rule, ":")
		rules[number] = true
	}
	for section, last := range map[int]int{2: 7, 3: 6, 4: 7, 5: 8} {
		for n := 1; n <= last; n++ {
			require.True(t, rules[fmt.Sprintf("%d.%d", section, n)], "no case is for rule %d.%d", section, n)
		}
	}
}

// The page that lists all cases is written by
//
//	go test ./abc/abctest -run TestDocument -update
func TestDocument(t *testing.T) {
	want := render()
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(want), 0o644))
	}
	got, err := os.ReadFile(document)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "%s is not what the cases say; run: go test ./abc/abctest -run TestDocument -update", document)
}

func render() string {
	var b strings.Builder
	cases, table := abctest.AllCases(), caught()
	count := 0
	for _, names := range table {
		count += len(names)
	}
	fmt.Fprintf(&b, `# The cases of the conformance suite

<!-- Generated: go test ./abc/abctest -run TestDocument -update -->

What [abctest](../abc/abctest/doc.go) checks, case by case. The number before a rule is its heading in
[contract.md](contract.md). The last column names the faulty streams that the suite is tested with: each differs from an
honest one by that breach alone, and the case catches it. There are %d cases and %d faults.
`, len(cases), count)
	var suites []string
	for _, c := range cases {
		if !slices.Contains(suites, c.Suite) {
			suites = append(suites, c.Suite)
		}
	}
	for _, suite := range suites {
		fmt.Fprintf(&b, "\n## %s\n\n| case | rule | catches, for example |\n| --- | --- | --- |\n", suite)
		for _, c := range cases {
			if c.Suite == suite {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, c.Rule, strings.Join(table[kind(c)+c.Name], "; "))
			}
		}
	}
	return b.String()
}
