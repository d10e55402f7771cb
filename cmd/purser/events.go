package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/getpurser/purser/internal/client"
)

type followEvents struct {
	Types []string `help:"Types of events, or families such as authorization.*; all without it."`
	After string   `help:"The position to go on from, -1 for the beginning; only what happens from now on without it." placeholder:"POSITION"`
	Count int      `help:"End after so many." placeholder:"N"`
}

// heardEnough ends a stream when as many events came as were asked for.
var heardEnough = errors.New("heard enough")

// Run prints events as they come, one a line, until it is interrupted. A server
// that goes away is waited for.
func (c followEvents) Run(a *app) error {
	q := url.Values{}
	set(q, "types", strings.Join(c.Types, ","))
	call := a.request("", q, nil)
	call.LastEventID = c.After
	heard := 0
	err := a.client.Follow(a.ctx, call, func(e client.Event) error {
		if err := a.printEvent(e); err != nil {
			return err
		}
		if heard++; heard == c.Count {
			return heardEnough
		}
		return nil
	})
	if errors.Is(err, heardEnough) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (a *app) printEvent(e client.Event) error {
	if a.JSON {
		_, err := fmt.Fprintf(a.out, "%s\n", e.Data)
		return err
	}
	var event struct{ At, Type, Actor, Subject string }
	if err := json.Unmarshal(e.Data, &event); err != nil {
		return fmt.Errorf("the server's event cannot be read: %w", err)
	}
	_, err := fmt.Fprintf(a.out, "%s  %s  %s  %s  by %s\n", safe(e.ID), safe(event.At), safe(event.Type), safe(event.Subject), safe(event.Actor))
	return err
}
