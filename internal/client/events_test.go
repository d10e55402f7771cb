package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/getpurser/purser/internal/client"
)

// TestFollow comes again after the last event when a stream ends, and ends when
// the server refuses it.
func TestFollow(t *testing.T) {
	t.Parallel()
	var asked []string
	c := open(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Last-Event-Id"))
		switch len(asked) {
		case 1:
			_, _ = io.WriteString(w, "retry: 2000\nid: 4\n\nid: 5\nevent: agent.created\ndata: {\"type\":\"agent.created\"}\n\n: still here\n\nid: 7\n\nid: 8\nevent: agent.fro")
		case 2:
			_, _ = io.WriteString(w, "id: 8\nevent: agent.frozen\ndata: {}\n\n")
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"status":401,"code":"invalid_api_key","detail":"No."}`)
		}
	}, client.Config{Retries: -1})
	var heard []string
	err := c.Follow(t.Context(), client.Call{Method: http.MethodGet, Path: "/v1/events"}, func(e client.Event) error {
		heard = append(heard, e.ID+" "+e.Type+" "+string(e.Data))
		return nil
	})
	var refused *client.Problem
	if !errors.As(err, &refused) || refused.Status != 401 {
		t.Error(err)
	}
	if got := fmt.Sprint(heard); got != `[5 agent.created {"type":"agent.created"} 8 agent.frozen {}]` {
		t.Error(got)
	}
	if got := fmt.Sprint(asked); got != "[ 7 8]" {
		t.Error(got)
	}
}

// TestFollowEnds with its context, and with what hears.
func TestFollowEnds(t *testing.T) {
	t.Parallel()
	c := open(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "id: 1\nevent: x\ndata: {}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, client.Config{Retries: -1})
	enough := errors.New("enough")
	call := client.Call{Method: http.MethodGet, Path: "/v1/events"}
	if err := c.Follow(t.Context(), call, func(client.Event) error { return enough }); !errors.Is(err, enough) {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := c.Follow(ctx, call, func(client.Event) error { stop(); return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
