package api

import (
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// WebhookMessage is what a webhook is sent.
type WebhookMessage struct {
	Type      string     `json:"type" example:"authorization.approved"`
	Timestamp time.Time  `json:"timestamp"`
	Data      AuditEvent `json:"data" doc:"As GET /v1/audit gives it."`
}

// documentMessages describes what is sent, in the part of the document that is
// about calls to others.
func (a *API) documentMessages() {
	d := a.huma.OpenAPI()
	text := &huma.Schema{Type: huma.TypeString}
	header := func(name, description string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Required: true, Description: description, Schema: text}
	}
	d.Webhooks = map[string]*huma.PathItem{"event": {Post: &huma.Operation{OperationID: "webhookEvent", Summary: "An event", Tags: []string{"Webhooks"},
		Security:    []map[string][]string{{}}, // its signature is all that it has
		Description: "As Standard Webhooks says: signed, at least once, in no promised order. Check the signature with one of its libraries.",
		Parameters: []*huma.Param{header("webhook-id", "The same with every attempt."), header("webhook-timestamp", "Of the attempt, in seconds since 1970."),
			header("webhook-signature", "v1, a comma and a signature, for each secret that is in force, separated by spaces.")},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: huma.SchemaFromType(d.Components.Schemas, reflect.TypeFor[WebhookMessage]())}}},
		Responses: map[string]*huma.Response{"2XX": {Description: "Taken."}, "410": {Description: "Gone: the webhook is disabled."}}}}}
}
