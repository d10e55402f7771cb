package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// growth is what was stored before the section of that name measured.
type growth struct {
	Authorizations int `json:"authorizations"`
	Agents         int `json:"agents"`
	Companies      int `json:"companies"`
	// Each is what one takes on disk with its events and all indexes, in bytes:
	// confirmed ones have two events, denied ones have one.
	Each float64 `json:"bytes_each"`
	// Database is the whole database's size, in bytes.
	Database int64 `json:"database_bytes"`
}

// Every case of the section is run on an empty database and on a full one.
const (
	onEmpty = "empty: "
	onFull  = "full: "

	firstPage = "list of authorizations, first page"
	deepPage  = "list of authorizations, deep page"
	auditPage = "list of events"
)

// grownCases are the section's cases, by the names that they have elsewhere.
func grownCases() []string {
	return []string{oneAgent, manyAgents, withConfirm, denials, readings, readOne, firstPage, deepPage, auditPage}
}

// growth is the section of what a history costs: the same server with next to
// nothing stored and with a lot, in turn.
func (b *bench) growth(ctx context.Context) error {
	full, err := b.serveOn(ctx, "full", es, b.Agents)
	if err != nil {
		return err
	}
	if err := b.makeHistory(ctx, full); err != nil {
		return fmt.Errorf("make a history: %w", err)
	}
	empty, err := b.serveOn(ctx, "empty", es, b.Agents)
	if err != nil {
		return err
	}
	of := map[*server]map[string]maker{}
	for _, s := range []*server{empty, full} {
		if of[s], err = b.grownMakers(ctx, s); err != nil {
			return err
		}
	}
	n := b.busiest()
	for _, name := range grownCases() {
		b.serve(onEmpty+name, empty, n, of[empty][name])
		b.serve(onFull+name, full, n, of[full][name])
	}
	return nil
}

func (b *bench) grownMakers(ctx context.Context, s *server) (map[string]maker, error) {
	all := spread(b.Agents)
	next, err := s.deep(ctx)
	return map[string]maker{oneAgent: s.authorizing(s.careful, hot), manyAgents: s.authorizing(s.careful, all),
		withConfirm: s.pairing(s.careful, all), denials: s.overreaching(s.careful, all), readings: s.looking(s.careful, all),
		readOne: s.recalling(s.careful), firstPage: s.paging(s.careful, "/v1/authorizations?limit=50"),
		deepPage:  s.paging(s.careful, "/v1/authorizations?limit=50&cursor="+next),
		auditPage: s.paging(s.careful, "/v1/audit?limit=50")}, err
}

// paging reads one and the same page.
func (s *server) paging(t *tenant, path string) maker {
	return func(c *conn, client int) op {
		r := newRequest(t.secret(client), "GET", path, "")
		return func() error {
			a, err := c.ask(r.text)
			return expect(a, err, sayData)
		}
	}
}

// deepest is how many pages down the deep one lies, where there are as many.
const deepest = 100

// deep walks down the list and gives the last cursor.
func (s *server) deep(ctx context.Context) (cursor string, err error) {
	for range deepest {
		var page struct {
			Next *string `json:"next_cursor"`
		}
		at := "http://" + s.address + "/v1/authorizations?limit=50"
		if cursor != "" {
			at += "&cursor=" + url.QueryEscape(cursor)
		}
		body, err := fetchAs(ctx, at, s.careful.secrets[0])
		if err == nil {
			err = json.Unmarshal(body, &page)
		}
		if err != nil {
			return "", err
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	if cursor == "" {
		return "", errors.New("there is only one page")
	}
	return cursor, nil
}

// grownName is what a case of the section is about.
func grownName(c *cell) (name string, full bool) {
	if name, ok := strings.CutPrefix(c.Case, onFull); ok {
		return name, true
	}
	return strings.TrimPrefix(c.Case, onEmpty), false
}
