package api

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// SpendRequest asks to spend.
type SpendRequest struct {
	Agent     string            `json:"agent,omitempty" example:"procurement-bot" doc:"Id or handle. X-Agent-Id or a bound key can name it instead."`
	Amount    money.Number      `json:"amount"`
	Currency  string            `json:"currency" example:"usd" doc:"ISO 4217, in any case."`
	Merchant  Merchant          `json:"merchant"`
	Purpose   string            `json:"purpose,omitempty" maxLength:"1000" example:"GPU hours for run 81"`
	Capture   string            `json:"capture,omitempty" enum:"explicit,auto" default:"explicit" doc:"explicit reserves until it is confirmed; auto confirms at once."`
	ExpiresIn int64             `json:"expires_in,omitzero" minimum:"1" maximum:"604800" default:"900" doc:"Seconds until an unconfirmed approval gives its budget back."`
	Metadata  map[string]string `json:"metadata,omitempty" doc:"At most 50 keys."`
	DryRun    bool              `json:"dry_run,omitzero" doc:"Decide only: nothing is reserved or stored, and there is no token."`
}

// usualHold is the default of expires_in, in seconds.
const usualHold = 900

// check reads the request's fields into what the gate takes, and names
// everything that is wrong at once.
func (b SpendRequest) check() (spend.Request, error) {
	currency, currencyErr := money.ParseCurrency(b.Currency)
	var amount money.Amount
	var amountErr error
	if currencyErr == nil {
		amount, amountErr = money.Parse(string(b.Amount), currency)
	}
	merchant, merchantErr := b.Merchant.check()
	purpose, purposeErr := company.Prose("purpose", b.Purpose, 0, 1000)
	metadataErr := checkMetadata(b.Metadata)
	return spend.Request{Amount: amount, Merchant: merchant, Purpose: purpose, Rail: "api",
		Capture: cmp.Or(spend.Capture(b.Capture), spend.Explicit), ExpiresIn: time.Duration(cmp.Or(b.ExpiresIn, usualHold)) * time.Second, Metadata: b.Metadata, DryRun: b.DryRun,
	}, joined(amountErr, currencyErr, merchantErr, purposeErr, metadataErr)
}

// joined gathers what is wrong into one fault.
func joined(errs ...error) error {
	var faults []*fault.Error
	for _, err := range errs {
		if err != nil {
			faults = append(faults, fault.From(err))
		}
	}
	if all := fault.Join(faults...); all != nil {
		return all
	}
	return nil
}

func (m Merchant) check() (policy.Merchant, error) {
	name, nameErr := company.Text("merchant.name", m.Name, 1, 256)
	domain, domainErr := company.Text("merchant.domain", m.Domain, 0, 253)
	return policy.Merchant{Name: name, MCC: m.MCC, Country: strings.ToUpper(m.Country), Domain: domain}, joined(nameErr, domainErr)
}

// spendCall is who asks, for the gate.
func (c *call) spendCall() spend.Call {
	out := spend.Call{Tenant: c.Tenant, Actor: c.actor(), Key: c.Key, Settles: c.CanAny(access.ScopeSettle, access.ScopeAdmin)}
	if c.agent != nil {
		out.OnlyAgent = *c.agent
	}
	if key, ok := c.onceKey(); ok {
		out.Once = &spend.Once{Key: key, Answer: storedDecision}
	}
	return out
}

// storedDecision is the answer that a repeated request gets, but for its token.
func storedDecision(r spend.Result) (once.Answer, error) {
	r.Token = ""
	view := authorizationView(r)
	body, err := view.written()
	return once.Answer{Status: decisionStatus(r), Body: body}, err
}

// decisionStatus is 202 for what waits for people.
func decisionStatus(r spend.Result) int {
	if r.Authorization.Status == spend.Held && r.Authorization.ID != uuid.Nil {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// decided answers what the gate gave, new or stored.
func decided(r spend.Result, err error) (*effected[Authorization], error) {
	if err != nil {
		return nil, err
	}
	if r.Replay != nil {
		return &effected[Authorization]{Status: r.Replay.Status, Replayed: "true",
			Body: withToken(r.Replay.Body, r.Token)}, nil
	}
	if r.Stored != nil {
		return &effected[Authorization]{Status: decisionStatus(r), Body: withToken(r.Stored, r.Token)}, nil
	}
	view := authorizationView(r)
	body, err := view.written()
	return &effected[Authorization]{Status: decisionStatus(r), Body: payload[Authorization]{raw: body}}, err
}

// noToken is how a stored answer says that its token is left out. Within a JSON
// string its quotes would be escaped, and no object before it has such a name.
const noToken = `"token":null`

// withToken puts the token into a stored answer.
func withToken(stored []byte, token string) payload[Authorization] {
	before, after, found := bytes.Cut(stored, []byte(noToken))
	if token == "" || !found {
		return payload[Authorization]{raw: stored}
	}
	return payload[Authorization]{pieces: [][]byte{before, []byte(`"token":"` + token + `"`), after}}
}

func (a *API) authorize(ctx context.Context, b *SpendRequest) (*effected[Authorization], error) {
	r, err := b.check()
	if err != nil {
		return nil, err
	}
	return decided(a.ask(ctx, b.Agent, r))
}

// ask puts a request to the gate.
func (a *API) ask(ctx context.Context, named string, r spend.Request) (result spend.Result, err error) {
	c := callOf(ctx)
	ask := func(id uuid.UUID, handle string) (err error) {
		r.Agent, r.Handle = id, handle
		result, err = a.spend.Authorize(ctx, c.spendCall(), r)
		return err
	}
	if named == "" {
		if c.agent == nil {
			return result, fault.BadField("agent", "field_required", "Name the agent here, in X-Agent-Id, or use its own key.")
		}
		return result, ask(*c.agent, "")
	}
	_, err = a.withAgent(ctx, c.Tenant, named, func(id uuid.UUID, handle string) error {
		if err := c.sameAgent(id, "body.agent"); err != nil && handle != "" {
			return errors.Join(spend.ErrRenamed, err) // the handle may be the right one's by now
		} else if err != nil {
			return err
		}
		return ask(id, handle)
	})
	if fault.Is(err, "not_found") {
		if id, known := a.spend.AskedFor(ctx, c.spendCall()); known {
			err = ask(id, "")
		}
	}
	return result, err
}

// authorizationID reads an id from an address.
func authorizationID(s string) (uuid.UUID, error) {
	id, ok := ident.Parse(ident.Authorization, s)
	if !ok {
		return id, missing("authorization")
	}
	return id, nil
}

// What metadata may hold, in characters; company's agents have the same.
const (
	maxMetadata      = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

func checkMetadata(m map[string]string) error {
	if len(m) > maxMetadata {
		return fault.BadField("metadata", "metadata_too_large", "At most %d keys are allowed.", maxMetadata)
	}
	for key, value := range m {
		if trimmed, err := company.Text("metadata", key, 1, maxMetadataKey); err != nil || trimmed != key {
			return fault.BadField("metadata", "metadata_key_malformed",
				"A key has 1 to %d characters, no control characters and no space around it.", maxMetadataKey)
		}
		if _, err := company.Prose("metadata", value, 0, maxMetadataValue); err != nil {
			return err
		}
	}
	return nil
}
