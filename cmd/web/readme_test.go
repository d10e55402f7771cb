package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmeNamesEverySetting compares the README's table with what the server
// reads: the names, and the defaults that are values.
func TestReadmeNamesEverySetting(t *testing.T) {
	t.Parallel()
	read, told := settingsRead(t), settingsTold(t)
	if len(read) < 20 {
		t.Fatalf("only %d settings were found: this test looks at the wrong place", len(read))
	}
	for name, standard := range read {
		row, ok := told[name]
		if !ok {
			t.Errorf("the README does not name %s", name)
		} else if standard != "" && !slices.Contains(codeSpans(row), standard) {
			t.Errorf("%s is %s without a value; the README says %s", name, standard, row)
		}
	}
	for name := range told {
		if _, ok := read[name]; !ok {
			t.Errorf("the README names %s, which nothing reads", name)
		}
	}
}

// settingsRead gives the default of each variable: those in tags, and those
// that are looked up by name.
func settingsRead(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, of := range []reflect.Type{reflect.TypeFor[config](), reflect.TypeFor[raw](), reflect.TypeFor[clerkConfig](), reflect.TypeFor[webhookConfig](), reflect.TypeFor[cardsConfig](), reflect.TypeFor[stripeConfig]()} {
		for i := range of.NumField() {
			if name := of.Field(i).Tag.Get("env"); name != "" {
				all[name] = of.Field(i).Tag.Get("envDefault")
			}
		}
	}
	lookedUp := regexp.MustCompile(`vars\["([A-Z_]+)"\]; !set \{\s+\S+ = "([^"]*)"`)
	for _, file := range []string{"config.go", "clerk.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range lookedUp.FindAllStringSubmatch(string(source), -1) {
			all[found[1]] = found[2]
		}
		if uses := strings.Count(string(source), `vars["`); uses != len(lookedUp.FindAllString(string(source), -1)) {
			t.Errorf("%s looks %d variables up, some in a way that this test does not know", file, uses)
		}
	}
	return all
}

// settingsTold gives the default column of each variable in the README's table.
// A name may be cut short: after CLERK_A, …B is CLERK_B.
func settingsTold(t *testing.T) map[string]string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Configuration\n")
	section, _, _ = strings.Cut(section, "\n## ")
	all := map[string]string{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		prefix := ""
		for _, name := range codeSpans(cells[1]) {
			if short, cut := strings.CutPrefix(name, "…"); cut {
				name = prefix + short
			}
			first, _, _ := strings.Cut(name, "_")
			prefix, all[name] = first+"_", cells[2]
		}
	}
	return all
}

func codeSpans(text string) (spans []string) {
	for _, found := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		spans = append(spans, found[1])
	}
	return spans
}
