package mcp

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/getpurser/purser/internal/client"
)

// advice says, beside what went wrong, what to do next: a model that is told
// only "403" tries again.
func advice(err error) error {
	var p *client.Problem
	switch {
	case errors.Is(err, client.ErrAway):
		return errors.New("Purser does not answer. Nothing is approved: do not pay. Try again in a minute with the same idempotency_key.")
	case !errors.As(err, &p):
		return err
	}
	return fmt.Errorf("%s (%s) %s", p.Error(), p.Code, next(p))
}

func next(p *client.Problem) string {
	switch {
	case p.Code == "agent_required" || p.Code == "agent_missing":
		return "Name the agent that you spend for in the argument agent."
	case p.Status == http.StatusUnauthorized:
		return "Do not pay. Tell the person who set this up that the API key does not work."
	case p.Status == http.StatusForbidden:
		return "Do not pay, and do not try another way. Tell the person who set this up."
	case p.Status == http.StatusNotFound:
		return "Check the id or handle; ids are in earlier answers."
	case p.Status == http.StatusConflict:
		return "Look at its present state with explain_decision before you do anything else."
	case p.Status == http.StatusTooManyRequests || p.Status >= http.StatusInternalServerError:
		return "Nothing is approved: do not pay. Wait a minute, then repeat the call with the same idempotency_key."
	}
	return "Correct the arguments that are named, and call again."
}
