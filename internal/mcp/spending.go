package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/getpurser/purser/internal/client"
)

func (s server) addSpending(made *sdk.Server) {
	no := false
	sdk.AddTool(made, &sdk.Tool{Name: "authorize_spend", Title: "Ask before spending",
		Description: "Ask whether you may spend, before every payment. Reserves the budget when approved. Answers the decision, its reason, and a signed token.",
		Annotations: &sdk.ToolAnnotations{DestructiveHint: &no, OpenWorldHint: &no}}, s.authorize)
	sdk.AddTool(made, &sdk.Tool{Name: "check_spend", Title: "Ask without reserving",
		Description: "Say what the decision would be now. Reserves and stores nothing, and is no permission to pay.",
		Annotations: &sdk.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &no}}, s.check)
	sdk.AddTool(made, &sdk.Tool{Name: "wait_for_decision", Title: "Wait for a person's decision",
		Description: "Wait up to 60 seconds for people to decide a request that is held. Call it again while it is still held.",
		Annotations: &sdk.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &no}}, s.wait)
	sdk.AddTool(made, &sdk.Tool{Name: "confirm_spend", Title: "Say that it was paid",
		Description: "Confirm an approved spend after paying. A smaller amount gives the rest of the budget back.",
		Annotations: &sdk.ToolAnnotations{DestructiveHint: &no, IdempotentHint: true, OpenWorldHint: &no}}, s.confirm)
	sdk.AddTool(made, &sdk.Tool{Name: "void_spend", Title: "Give the budget back",
		Description: "Void an approved or held spend that will not be paid.",
		Annotations: &sdk.ToolAnnotations{DestructiveHint: new(true), IdempotentHint: true, OpenWorldHint: &no}}, s.void)
}

type spendInput struct {
	Amount         string            `json:"amount" jsonschema:"major units as a decimal, such as 249.99"`
	Currency       string            `json:"currency" jsonschema:"ISO 4217, such as usd"`
	Merchant       string            `json:"merchant" jsonschema:"whom the money goes to, as the payee calls itself"`
	Domain         string            `json:"domain,omitempty" jsonschema:"the merchant's site, such as aws.amazon.com"`
	MCC            string            `json:"mcc,omitempty" jsonschema:"merchant category code, four digits (ISO 18245)"`
	Country        string            `json:"country,omitempty" jsonschema:"the merchant's country, ISO 3166-1 alpha-2"`
	Purpose        string            `json:"purpose,omitempty" jsonschema:"what it is for, in a sentence: people read it when they decide"`
	ExpiresIn      int               `json:"expires_in,omitempty" jsonschema:"seconds that an approval waits for its confirm; 900 without it"`
	Metadata       map[string]string `json:"metadata,omitempty" jsonschema:"your own names for it"`
	Agent          string            `json:"agent,omitempty" jsonschema:"the agent that spends, by id or handle; not needed when the key is bound to one"`
	IdempotencyKey string            `json:"idempotency_key,omitempty" jsonschema:"your own name for this one payment: a repeated call with it has one effect"`
}

// body is the request as the API takes it.
func (in spendInput) body(dryRun bool) map[string]any {
	merchant := map[string]string{"name": in.Merchant}
	for name, value := range map[string]string{"domain": in.Domain, "mcc": in.MCC, "country": in.Country} {
		if value != "" {
			merchant[name] = value
		}
	}
	body := map[string]any{"amount": in.Amount, "currency": in.Currency, "merchant": merchant}
	if in.Purpose != "" {
		body["purpose"] = in.Purpose
	}
	if in.ExpiresIn != 0 {
		body["expires_in"] = in.ExpiresIn
	}
	if len(in.Metadata) > 0 {
		body["metadata"] = in.Metadata
	}
	if dryRun {
		body["dry_run"] = true
	}
	return body
}

// decision is an authorization as a model reads it. Amounts are decimals in
// major units.
type decision struct {
	ID         string   `json:"id,omitempty"`
	Decision   string   `json:"decision" jsonschema:"APPROVED, DENIED or REQUIRES_APPROVAL"`
	Status     string   `json:"status" jsonschema:"pending (approved), held, confirmed, voided, expired or denied"`
	ReasonCode string   `json:"reason_code"`
	Reason     string   `json:"reason"`
	Amount     string   `json:"amount"`
	Currency   string   `json:"currency"`
	Merchant   string   `json:"merchant"`
	ExpiresAt  string   `json:"expires_at,omitempty"`
	Token      string   `json:"token,omitempty" jsonschema:"the signed decision, for the payee's processor"`
	Remedies   []string `json:"remedies,omitempty" jsonschema:"what would lead to another answer"`
	Next       string   `json:"next" jsonschema:"what to do now"`
}

// authorization is what the API answers, as far as it is used here.
type authorization struct {
	ID         *string               `json:"id"`
	Decision   string                `json:"decision"`
	Status     string                `json:"status"`
	ReasonCode string                `json:"reason_code"`
	Reason     string                `json:"reason"`
	Amount     json.Number           `json:"amount"`
	Currency   string                `json:"currency"`
	Merchant   struct{ Name string } `json:"merchant"`
	ExpiresAt  *string               `json:"expires_at"`
	Token      *string               `json:"token"`
	Trace      []step                `json:"trace"`
	Remedies   []remedy              `json:"remedies"`
}

type remedy struct {
	Type      string      `json:"type"`
	MaxAmount json.Number `json:"max_amount"`
	At        string      `json:"at"`
}

func (r remedy) text(currency string) string {
	switch r.Type {
	case "lower_amount":
		return fmt.Sprintf("at most %s %s would pass", r.MaxAmount, currency)
	case "retry_after":
		return "the same request would pass after " + r.At
	case "request_approval":
		return "a person can approve it"
	}
	return r.Type
}

func (a authorization) decision() decision {
	d := decision{ID: text(a.ID), Decision: a.Decision, Status: a.Status, ReasonCode: a.ReasonCode, Reason: a.Reason,
		Amount: a.Amount.String(), Currency: a.Currency, Merchant: a.Merchant.Name, ExpiresAt: text(a.ExpiresAt), Token: text(a.Token)}
	for _, r := range a.Remedies {
		d.Remedies = append(d.Remedies, r.text(a.Currency))
	}
	d.Next = a.next()
	return d
}

func (a authorization) next() string {
	switch {
	case a.ID == nil:
		return "This was a question only. Ask with authorize_spend before you pay."
	case a.Status == "held":
		return "Do not pay yet: a person was asked. Call wait_for_decision."
	case a.Status == "pending":
		return "You may pay exactly this amount to this merchant before expires_at. Then call confirm_spend, or void_spend if you do not pay."
	case a.Status == "confirmed":
		return "It is paid and booked; nothing is left to do."
	}
	return "Do not pay. Do not split, rename or repeat the payment."
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// readable is the decision in a line, beside its structure.
func readable(d decision) *sdk.CallToolResult {
	line := fmt.Sprintf("%s: %s %s to %s. %s. %s", d.Decision, d.Amount, d.Currency, strconv.Quote(d.Merchant), d.Reason, d.Next)
	if d.ID != "" {
		line = d.ID + " " + line
	}
	if len(d.Remedies) > 0 {
		line += " Possible: " + strings.Join(d.Remedies, "; ") + "."
	}
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: line}}}
}

func (s server) authorize(ctx context.Context, _ *sdk.CallToolRequest, in spendInput) (*sdk.CallToolResult, decision, error) {
	return s.decide(ctx, client.Call{Method: http.MethodPost, Path: "/v1/authorize", Body: in.body(false), Agent: in.Agent, IdempotencyKey: in.IdempotencyKey})
}

func (s server) check(ctx context.Context, _ *sdk.CallToolRequest, in spendInput) (*sdk.CallToolResult, decision, error) {
	return s.decide(ctx, client.Call{Method: http.MethodPost, Path: "/v1/authorize", Body: in.body(true), Agent: in.Agent})
}

// decide sends what is answered with an authorization.
func (s server) decide(ctx context.Context, c client.Call) (*sdk.CallToolResult, decision, error) {
	var a authorization
	if err := s.call(ctx, c, &a); err != nil {
		return nil, decision{}, err
	}
	d := a.decision()
	return readable(d), d, nil
}

type waitInput struct {
	ID      string `json:"id" jsonschema:"the authorization's id"`
	Seconds int    `json:"seconds,omitempty" jsonschema:"how long to wait, 60 at most and without it"`
}

func (s server) wait(ctx context.Context, _ *sdk.CallToolRequest, in waitInput) (*sdk.CallToolResult, decision, error) {
	seconds := in.Seconds
	if seconds <= 0 || seconds > 60 {
		seconds = 60
	}
	return s.decide(ctx, client.Call{Method: http.MethodGet, Path: "/v1/authorize/" + url.PathEscape(in.ID),
		Query: url.Values{"wait": {strconv.Itoa(seconds)}}})
}

type confirmInput struct {
	ID        string `json:"id" jsonschema:"the authorization's id"`
	Amount    string `json:"amount,omitempty" jsonschema:"what was paid, if it was less"`
	Reference string `json:"reference,omitempty" jsonschema:"the payment's own id"`
}

func (s server) confirm(ctx context.Context, _ *sdk.CallToolRequest, in confirmInput) (*sdk.CallToolResult, decision, error) {
	body := map[string]string{}
	if in.Amount != "" {
		body["amount"] = in.Amount
	}
	if in.Reference != "" {
		body["reference"] = in.Reference
	}
	return s.decide(ctx, client.Call{Method: http.MethodPost, Path: "/v1/authorize/" + url.PathEscape(in.ID) + "/confirm", Body: body})
}

type voidInput struct {
	ID     string `json:"id" jsonschema:"the authorization's id"`
	Reason string `json:"reason,omitempty" jsonschema:"why it is not paid"`
}

func (s server) void(ctx context.Context, _ *sdk.CallToolRequest, in voidInput) (*sdk.CallToolResult, decision, error) {
	body := map[string]string{}
	if in.Reason != "" {
		body["reason"] = in.Reason
	}
	return s.decide(ctx, client.Call{Method: http.MethodPost, Path: "/v1/authorize/" + url.PathEscape(in.ID) + "/void", Body: body})
}
