package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Event is one of the server's, as it was sent.
type Event struct {
	// ID is its position: what to go on from.
	ID   string
	Type string
	// Data is what GET /v1/audit gives.
	Data []byte
}

const (
	// comeAgain is how long to wait until a stream that ended is opened again.
	comeAgain = 2 * time.Second
	// maxLine bounds one line of a stream, in bytes.
	maxLine = 1 << 20
)

// Follow hears events until ctx ends or hear returns an error, and gives that
// back. A stream that ends is opened again after the last event, so that none is
// missed. The error is a *Problem when the server refused it.
func (c *Client) Follow(ctx context.Context, call Call, hear func(Event) error) error {
	for {
		err := c.followOnce(ctx, &call, hear)
		var refused *Problem
		if ctx.Err() != nil {
			return ctx.Err()
		}
		busy := errors.As(err, &refused) && (refused.Status == http.StatusTooManyRequests || refused.Status >= http.StatusInternalServerError)
		if err != nil && !busy && !errors.Is(err, ErrAway) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(comeAgain):
		}
	}
}

// followOnce hears one stream to its end, and notes in call how far it was.
func (c *Client) followOnce(ctx context.Context, call *Call, hear func(Event) error) error {
	response, err := c.send(ctx, *call)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrAway, err)
		}
		return readProblem(Answer{Status: response.StatusCode, Header: response.Header, Body: body})
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, maxLine)
	var e Event
	for lines.Scan() {
		if len(lines.Bytes()) > 0 {
			e.read(lines.Bytes())
			continue
		}
		if e.ID != "" {
			call.LastEventID = e.ID
		}
		if len(e.Data) > 0 {
			if err := hear(e); err != nil {
				return err
			}
		}
		e = Event{}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return nil
}

// read takes one line of a stream; what is none of its business is left out.
func (e *Event) read(line []byte) {
	name, value, _ := strings.Cut(string(line), ":")
	value = strings.TrimPrefix(value, " ")
	switch name {
	case "id":
		e.ID = value
	case "event":
		e.Type = value
	case "data":
		if e.Data != nil {
			e.Data = append(e.Data, '\n')
		}
		e.Data = append(e.Data, value...)
	}
}
