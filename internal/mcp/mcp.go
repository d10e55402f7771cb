// Package mcp lets any client of the Model Context Protocol ask before it
// spends. Every call goes over package client through the API's own door, so
// it is authenticated, limited and recorded like any other. There is no tool
// to approve, to change a policy or to unfreeze.
package mcp

import (
	"context"
	"net/http"
	"net/url"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/getpurser/purser/internal/client"
)

// instructions tell a model what the server is for before it calls anything.
const instructions = `Purser decides whether you may spend money. Ask with authorize_spend before every payment, of any size and by any means; never pay first.
APPROVED: pay exactly that amount to that merchant before expires_at, hand on the token where the payee wants one, then call confirm_spend. If you do not pay, call void_spend.
DENIED: do not pay, and do not split or rename the payment. explain_decision says why and what would be possible.
REQUIRES_APPROVAL: a person was asked. Call wait_for_decision, and do not ask again for the same thing.`

// server is the tools of one caller.
type server struct {
	api *client.Client
	// agent is named with every call that names none; a bound key needs none.
	agent string
}

// New makes an MCP server that calls the API with a client. Agent is whom it
// spends for where a call names nobody; empty for a key that is bound to one.
func New(api *client.Client, agent, version string) *sdk.Server {
	s := server{api, agent}
	made := sdk.NewServer(&sdk.Implementation{Name: "purser", Title: "Purser: spend control", Version: version},
		&sdk.ServerOptions{Instructions: instructions})
	s.addSpending(made)
	s.addReading(made)
	s.addPrompts(made)
	return made
}

// call sends one request and reads the answer into v.
func (s server) call(ctx context.Context, c client.Call, v any) error {
	c.Agent = first(c.Agent, s.agent)
	answer, err := s.api.Do(ctx, c)
	if err != nil {
		return advice(err)
	}
	return answer.Decode(v)
}

func (s server) get(ctx context.Context, path string, query url.Values, v any) error {
	return s.call(ctx, client.Call{Method: http.MethodGet, Path: path, Query: query}, v)
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
