package main

import (
	"io"
	"strings"
)

type meGroup struct {
	Messages chooseMessages `cmd:"" api:"PUT /v1/me/messages" help:"Choose what you are mailed: kinds that are not named stay."`
	Show     whole          `cmd:"" api:"GET /v1/me/messages" columns:"member,mode,mail,stand_in" help:"Show what you are mailed, and who stands in."`
	Away     nameStandIn    `cmd:"" api:"PUT /v1/me/stand-in" columns:"member,from,until" help:"Name who stands in while you are away."`
	Back     whole          `cmd:"" api:"DELETE /v1/me/stand-in" help:"Be back: nobody stands in any more."`
}

type chooseMessages struct {
	Hold       *bool `negatable:"" json:"hold,omitempty" help:"A request waits for a decision."`
	Reminder   *bool `negatable:"" json:"reminder,omitempty" help:"Its time is nearly over."`
	Escalation *bool `negatable:"" json:"escalation,omitempty" help:"Half of its time is over."`
	Decision   *bool `negatable:"" json:"decision,omitempty" help:"It was decided."`
	Limit      *bool `negatable:"" json:"limit,omitempty" help:"A limit is nearly or wholly used."`
	Key        *bool `negatable:"" json:"key,omitempty" help:"An API key was made or revoked."`
	Weekly     *bool `negatable:"" json:"weekly,omitempty" help:"What the last week came to."`
}

// Run calls the endpoint.
func (c chooseMessages) Run(a *app) error { return a.do("", nil, map[string]any{"mail": c}) }

type nameStandIn struct {
	StandIn string `arg:"" json:"stand_in" help:"The id of another member who may decide."`
	Until   string `arg:"" json:"until" help:"When you are back, such as 2026-12-01T09:00:00Z."`
	From    string `json:"from,omitempty" help:"When it begins; now without it."`
}

// Run calls the endpoint.
func (c nameStandIn) Run(a *app) error { return a.do("", nil, c) }

type slackGroup struct {
	Get        whole        `cmd:"" api:"GET /v1/slack" columns:"connected,mode,host,ending,updated_at" help:"Show it."`
	Connect    connectSlack `cmd:"" api:"PUT /v1/slack" columns:"connected,mode,host,ending" help:"Connect one, by the address of its incoming webhook."`
	Disconnect whole        `cmd:"" api:"DELETE /v1/slack" columns:"connected,mode" help:"Forget the address."`
}

type connectSlack struct {
	URL string `arg:"" json:"url" help:"Its address, or - to read it from standard input."`
}

// Run calls the endpoint.
func (c connectSlack) Run(a *app) error {
	if c.URL == "-" {
		text, err := io.ReadAll(io.LimitReader(a.in, 4096))
		if err != nil {
			return err
		}
		c.URL = strings.TrimSpace(string(text))
	}
	return a.do("", nil, c)
}
