package main

type webhooksGroup struct {
	List         items           `cmd:"" api:"GET /v1/webhooks" columns:"id,url,events,enabled,disabled_reason,failing_since" help:"List them, newest first."`
	Create       createWebhook   `cmd:"" api:"POST /v1/webhooks" columns:"id,secret,url,events,enabled" help:"Make one. Its secret is shown once."`
	Get          thing           `cmd:"" api:"GET /v1/webhooks/{id}" columns:"id,url,description,events,enabled,disabled_reason,failing_since,old_secret_until,created_by,created_at" help:"Show one, without its secret."`
	Replace      replaceWebhook  `cmd:"" api:"PUT /v1/webhooks/{id}" columns:"id,url,description,events,enabled" help:"Change one as a whole. Its secret stays."`
	Delete       thing           `cmd:"" api:"DELETE /v1/webhooks/{id}" help:"End one."`
	Test         thing           `cmd:"" api:"POST /v1/webhooks/{id}/test" columns:"id,status,type" help:"Send it a message."`
	RotateSecret rotateSecret    `cmd:"" api:"POST /v1/webhooks/{id}/rotate-secret" columns:"id,secret,old_secret_until" help:"Give it a new secret, which is shown once."`
	Deliveries   deliveriesGroup `cmd:"" help:"What was delivered, and what was not."`
}

type webhookContent struct {
	URL         string   `arg:"" json:"url" help:"Where it is called: https, on the Internet."`
	Events      []string `json:"events,omitempty" help:"Types of events, or families such as authorization.*; all without it."`
	Description string   `json:"description,omitempty" help:"What it is for."`
	Disabled    bool     `json:"-" help:"It hears of nothing until it is enabled."`
}

func (c webhookContent) body() any {
	return struct {
		webhookContent
		Enabled bool `json:"enabled"`
	}{c, !c.Disabled}
}

type createWebhook struct{ webhookContent }

// Run calls the endpoint.
func (c createWebhook) Run(a *app) error { return a.do("", nil, c.body()) }

type replaceWebhook struct {
	ID string `arg:"" json:"-" help:"Its id."`
	webhookContent
}

// Run calls the endpoint.
func (c replaceWebhook) Run(a *app) error { return a.do(c.ID, nil, c.body()) }

type rotateSecret struct {
	ID    string `arg:"" json:"-" help:"Its id."`
	Grace int    `json:"grace_seconds" default:"86400" help:"How many seconds the old secret signs as well." placeholder:"SECONDS"`
}

// Run calls the endpoint.
func (c rotateSecret) Run(a *app) error { return a.do(c.ID, nil, c) }

type deliveriesGroup struct {
	List   listDeliveries `cmd:"" api:"GET /v1/webhooks/{id}/deliveries" columns:"id,created_at,type,status,attempts,next_attempt_at" help:"Those of one webhook, newest first."`
	Get    thing          `cmd:"" api:"GET /v1/webhook-deliveries/{id}" columns:"id,webhook,event,type,status,body,history" help:"Show one, with every attempt."`
	Replay thing          `cmd:"" api:"POST /v1/webhooks/deliveries/{id}/replay" columns:"id,status,type" help:"Deliver one again, now."`
}

type listDeliveries struct {
	ID     string `arg:"" help:"The webhook's id."`
	Status string `help:"pending, delivered, failed or canceled."`
	paging
}

// Run calls the endpoint.
func (c listDeliveries) Run(a *app) error {
	q := map[string][]string{}
	set(q, "status", c.Status)
	return c.list(a, c.ID, q)
}
