package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"

	"github.com/getpurser/purser/internal/client"
)

// thing is a command about one thing, by its id.
type thing struct {
	ID string `arg:"" help:"Its id."`
}

// Run calls the endpoint.
func (c thing) Run(a *app) error { return a.do(c.ID, nil, nil) }

// whole is a command about the one thing that there is.
type whole struct{}

// Run calls the endpoint.
func (c whole) Run(a *app) error { return a.do("", nil, nil) }

// agentThing is a command about one agent: the argument, or --agent.
type agentThing struct {
	Which string `arg:"" optional:"" name:"agent" help:"Its id or handle; --agent says it too."`
}

// Run calls the endpoint.
func (c agentThing) Run(a *app) error {
	named := first(c.Which, a.Agent)
	if named == "" {
		return usage("which agent? Name it, or set PURSER_AGENT.")
	}
	return a.do(named, nil, nil)
}

// paging is shared by lists.
type paging struct {
	Limit  int    `help:"How many, 200 at most." default:"50"`
	Cursor string `help:"Where the list before ended."`
	All    bool   `help:"Page after page, to the end."`
}

func (p paging) list(a *app, id string, query url.Values) error {
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", strconv.Itoa(p.Limit))
	set(query, "cursor", p.Cursor)
	if !p.All {
		return a.do(id, query, nil)
	}
	return a.doAll(id, query)
}

// page is one answer of a list.
type page struct {
	Data       []json.RawMessage `json:"data"`
	NextCursor *string           `json:"next_cursor"`
	HasMore    bool              `json:"has_more"`
}

// doAll reads a list to its end and prints it as one.
func (a *app) doAll(id string, query url.Values) error {
	var all page
	for {
		answer, err := a.ask(a.request(id, query, nil))
		if err != nil {
			return err
		}
		var part page
		if err := answer.Decode(&part); err != nil {
			return fmt.Errorf("the server's list cannot be read: %w", err)
		}
		all.Data = append(all.Data, part.Data...)
		if !part.HasMore || part.NextCursor == nil {
			body, err := json.Marshal(all)
			if err != nil {
				return err
			}
			return a.print(client.Answer{Body: body})
		}
		query.Set("cursor", *part.NextCursor)
	}
}

// items is a list without filters.
type items struct{ paging }

// Run calls the endpoint.
func (c items) Run(a *app) error { return c.list(a, "", nil) }

// itemsOf is a list of what belongs to one thing.
type itemsOf struct {
	ID string `arg:"" help:"Whose."`
	paging
}

// Run calls the endpoint.
func (c itemsOf) Run(a *app) error { return c.list(a, c.ID, nil) }

func set(query url.Values, name, value string) {
	if value != "" {
		query.Set(name, value)
	}
}

// document reads JSON from a file, or from standard input for -.
func (a *app) document(path string) (json.RawMessage, error) {
	in := a.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, usage("%w", err)
		}
		defer func() { _ = file.Close() }() // only read
		in = file
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	if !json.Valid(text) {
		return nil, usage("%s is not JSON", path)
	}
	return text, nil
}

// metadata is KEY=VALUE pairs as the API takes them.
type metadata map[string]string
