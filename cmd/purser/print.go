package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/getpurser/purser/internal/client"
)

// print shows an answer: as it came for machines, in columns for people.
func (a *app) print(answer client.Answer) error {
	if len(bytes.TrimSpace(answer.Body)) == 0 {
		if !a.JSON {
			fmt.Fprintln(a.out, "Done.")
		}
		return nil
	}
	if a.JSON {
		return a.printJSON(answer.Body)
	}
	var list struct {
		Data       []map[string]any `json:"data"`
		HasMore    *bool            `json:"has_more"`
		NextCursor string           `json:"next_cursor"`
	}
	if err := answer.Decode(&list); err == nil && list.HasMore != nil {
		a.printTable(list.Data)
		if *list.HasMore {
			fmt.Fprintf(a.problems, "There are more: --cursor %s, or --all.\n", list.NextCursor)
		}
		return nil
	}
	var one map[string]any
	if err := answer.Decode(&one); err != nil {
		return a.printJSON(answer.Body)
	}
	a.printOne(one)
	return nil
}

// printJSON indents without touching a number.
func (a *app) printJSON(body []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(body), "", "  "); err != nil {
		return fmt.Errorf("the server's answer is not JSON: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(a.out)
	return err
}

func (a *app) printTable(rows []map[string]any) {
	if len(rows) == 0 {
		fmt.Fprintln(a.problems, "There are none.")
		return
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(a.columns, "\t")))
	for _, row := range rows {
		cells := make([]string, len(a.columns))
		for i, column := range a.columns {
			cells[i] = cell(at(row, column))
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	_ = w.Flush() // to a terminal that is there or is not
}

// printOne writes a line for each column that has a value.
func (a *app) printOne(thing map[string]any) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, column := range a.columns {
		if value := cell(at(thing, column)); value != "" {
			fmt.Fprintf(w, "%s\t%s\n", strings.ReplaceAll(column, "_", " "), value)
		}
	}
	_ = w.Flush()
}

// at finds a column such as merchant.name.
func at(thing map[string]any, column string) any {
	name, rest, deeper := strings.Cut(column, ".")
	if inner, ok := thing[name].(map[string]any); ok && deeper {
		return at(inner, rest)
	}
	if deeper {
		return nil
	}
	return thing[name]
}

// cell is a value on one line. What would move a terminal's cursor or turn the
// writing around is shown and not obeyed: names come from strangers.
func cell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return safe(v)
	case json.Number:
		return v.String()
	case []any:
		if words, ok := allWords(v); ok {
			return safe(strings.Join(words, ", "))
		}
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return "?"
	}
	return safe(string(encoded))
}

func allWords(list []any) ([]string, bool) {
	words := make([]string, len(list))
	for i, item := range list {
		word, ok := item.(string)
		if !ok {
			return nil, false
		}
		words[i] = word
	}
	return words, true
}

func safe(text string) string {
	quoted := fmt.Sprintf("%+q", text)
	if plain := fmt.Sprintf("%q", text); plain[1:len(plain)-1] == text {
		return text // every character is printable
	}
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
