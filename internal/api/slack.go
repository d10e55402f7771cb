package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/messages"
)

// SlackChannel is where held requests are told of as well. Its address is a
// secret, and shown only by its ends.
type SlackChannel struct {
	Connected bool       `json:"connected"`
	Mode      string     `json:"mode" enum:"live,test"`
	Host      string     `json:"host" doc:"Empty when there is none." example:"hooks.slack.com"`
	Ending    string     `json:"ending" doc:"The last four characters of the address." example:"x7Qa"`
	UpdatedAt *time.Time `json:"updated_at" nullable:"true"`
}

// SlackAddress is the address of an incoming webhook.
type SlackAddress struct {
	URL string `json:"url" maxLength:"2048" doc:"It is kept sealed, and never shown again." example:"https://hooks.slack.com/services/T000/B000/XXXX"`
}

func (a *API) registerSlack() {
	tagged := func(id, method, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/v1/slack", Summary: summary, Description: description, Tags: []string{"Messages"}}
	}
	handle(a, tagged("getSlack", http.MethodGet, "Get the chat channel", "Where held requests of this mode are told of as well."), a.getSlack)
	handle(a, tagged("connectSlack", http.MethodPut, "Connect a chat channel",
		"Anything that takes what Slack's incoming webhooks take. The address has to be https and public: it is checked here, and again when it is called."), a.connectSlack)
	effect(a, tagged("disconnectSlack", http.MethodDelete, "Disconnect the chat channel", "The address is forgotten."), a.disconnectSlack)
}

func slackView(mode string, h *messages.SlackHook) SlackChannel {
	if h == nil {
		return SlackChannel{Mode: mode}
	}
	return SlackChannel{Connected: true, Mode: mode, Host: h.Host, Ending: h.Ending, UpdatedAt: utc(&h.UpdatedAt)}
}

func (a *API) getSlack(ctx context.Context, _ *struct{}) (*reply[SlackChannel], error) {
	c := callOf(ctx)
	h, err := a.messages.SlackHook(ctx, c.Tenant)
	return &reply[SlackChannel]{slackView(c.Tenant.Mode(), h)}, err
}

// connectSlack looks the name up before its transaction, as that may take long.
func (a *API) connectSlack(ctx context.Context, in *struct{ Body SlackAddress }) (*effected[SlackChannel], error) {
	c := callOf(ctx)
	to, err := a.messages.CheckSlack(ctx, in.Body.URL)
	if err != nil {
		return nil, err
	}
	return run(ctx, a, http.StatusOK, func(ctx context.Context, tx pgx.Tx) (SlackChannel, error) {
		h, err := a.messages.ConnectSlack(ctx, tx, c.Tenant, c.actor(), to)
		return slackView(c.Tenant.Mode(), &h), err
	})
}

func (a *API) disconnectSlack(ctx context.Context, tx pgx.Tx, _ *struct{}) (SlackChannel, error) {
	c := callOf(ctx)
	return slackView(c.Tenant.Mode(), nil), a.messages.DisconnectSlack(ctx, tx, c.Tenant, c.actor())
}
