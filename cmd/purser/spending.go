package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/getpurser/purser/internal/client"
)

// merchant is whom the money goes to.
type merchant struct {
	Name    string `json:"name" name:"merchant" required:"" help:"Whom the money goes to." placeholder:"NAME"`
	MCC     string `json:"mcc,omitempty" name:"mcc" help:"The merchant category code (ISO 18245), four digits." placeholder:"CODE"`
	Country string `json:"country,omitempty" help:"ISO 3166-1 alpha-2." placeholder:"CODE"`
	Domain  string `json:"domain,omitempty" help:"The merchant's site." placeholder:"HOST"`
}

type authorize struct {
	Amount   string   `arg:"" json:"amount" help:"In major units, such as 249.99."`
	Currency string   `arg:"" json:"currency" help:"ISO 4217, such as usd."`
	Merchant merchant `embed:"" json:"merchant"`
	Purpose  string   `json:"purpose,omitempty" help:"What it is for: people read it."`
	Capture  string   `json:"capture,omitempty" enum:",explicit,auto" default:"" help:"explicit reserves until it is confirmed; auto confirms at once."`
	Expires  int      `json:"expires_in,omitempty" name:"expires-in" help:"Seconds until an unconfirmed approval gives its budget back." placeholder:"SECONDS"`
	Metadata metadata `json:"metadata,omitempty" help:"Your own names for it." placeholder:"KEY=VALUE"`
	DryRun   bool     `json:"dry_run,omitempty" help:"Decide only: nothing is reserved or stored."`
	Wait     bool     `json:"-" help:"Wait for people where it is held."`
}

// Run asks, and ends with the decision's exit status.
func (c authorize) Run(a *app) error {
	answer, err := a.ask(a.request("", nil, c))
	if err != nil {
		return err
	}
	return a.decided(answer, c.Wait)
}

// decision is what the exit status depends on.
type decision struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Decision string `json:"decision"`
}

// decided prints an authorization. A held one is waited for, if that was asked.
func (a *app) decided(answer client.Answer, wait bool) error {
	var d decision
	if err := answer.Decode(&d); err != nil {
		return err
	}
	if wait && d.Status == "held" {
		var err error
		if answer, err = a.awaited(d.ID); err != nil {
			return err
		}
		if err := answer.Decode(&d); err != nil {
			return err
		}
	}
	if err := a.print(answer); err != nil {
		return err
	}
	return d.exit()
}

// awaited waits until people have decided, or the wait for them has ended.
func (a *app) awaited(id string) (client.Answer, error) {
	for {
		answer, err := a.client.Do(a.ctx, waiting(id, a.Agent))
		if err != nil {
			return answer, err
		}
		var d decision
		if err := answer.Decode(&d); err != nil || d.Status != "held" {
			return answer, err
		}
	}
}

// longPoll is how many seconds one call waits for people: the API's most.
const longPoll = 60

func waiting(id, agent string) client.Call {
	return client.Call{Method: http.MethodGet, Path: "/v1/authorize/" + url.PathEscape(id), Agent: agent,
		Query: url.Values{"wait": {strconv.Itoa(longPoll)}}}
}

// exit is nil for what was approved.
func (d decision) exit() error {
	switch {
	case d.Status == "held" || d.Status == "" && d.Decision == "REQUIRES_APPROVAL":
		return outcome(exitHeld)
	case d.Decision == "DENIED" || d.Status == "denied" || d.Status == "expired" || d.Status == "voided":
		return outcome(exitDenied)
	}
	return nil
}

type confirm struct {
	ID        string `arg:"" json:"-" help:"The authorization's id."`
	Amount    string `json:"amount,omitempty" help:"Less than was held; the rest is given back."`
	Reference string `json:"reference,omitempty" help:"The payment's own id."`
}

// Run calls the endpoint.
func (c confirm) Run(a *app) error { return a.do(c.ID, nil, c) }

type void struct {
	ID     string `arg:"" json:"-" help:"The authorization's id."`
	Reason string `json:"reason,omitempty" help:"Why it is not spent."`
}

// Run calls the endpoint.
func (c void) Run(a *app) error { return a.do(c.ID, nil, c) }

type authorizationsGroup struct {
	Get  getAuthorization   `cmd:"" api:"GET /v1/authorize/{id}" columns:"id,decision,status,amount,currency,merchant.name,reason,purpose,expires_at,created_at,token" help:"Show one, or wait for its decision."`
	List listAuthorizations `cmd:"" api:"GET /v1/authorizations" columns:"id,created_at,status,amount,currency,merchant.name,agent,reason_code" help:"List them, newest first."`
}

type getAuthorization struct {
	ID   string `arg:"" help:"Its id."`
	Wait bool   `help:"Wait for people where it is held."`
}

// Run shows it, and ends with the decision's exit status.
func (c getAuthorization) Run(a *app) error {
	answer, err := a.ask(a.request(c.ID, nil, nil))
	if err != nil {
		return err
	}
	return a.decided(answer, c.Wait)
}

type listAuthorizations struct {
	Status   string    `help:"pending, held, confirmed, voided, expired or denied."`
	Decision string    `help:"APPROVED, DENIED or REQUIRES_APPROVAL."`
	Merchant string    `help:"A whole name or domain."`
	Currency string    `help:"ISO 4217."`
	Rail     string    `help:"api, card, iban, invoice or crypto."`
	From     time.Time `help:"Created at or after (RFC 3339)."`
	To       time.Time `help:"Created before (RFC 3339)."`
	paging
}

// Run calls the endpoint.
func (c listAuthorizations) Run(a *app) error {
	q := url.Values{}
	for name, value := range map[string]string{"status": c.Status, "decision": c.Decision, "merchant": c.Merchant,
		"currency": c.Currency, "rail": c.Rail, "from": instant(c.From), "to": instant(c.To), "agent": a.Agent} {
		set(q, name, value)
	}
	return c.list(a, "", q)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

type tokensGroup struct {
	Redeem redeem `cmd:"" api:"POST /v1/tokens/redeem" columns:"id,decision,status,amount,currency,merchant.name,redeemed_at" help:"Claim a decision before paying on it (scope settle)."`
}

type redeem struct {
	Token string `arg:"" json:"token" help:"The signed decision."`
}

// Run calls the endpoint.
func (c redeem) Run(a *app) error { return a.do("", nil, c) }

// MarshalJSON leaves nothing out of an empty map: absent stays absent.
func (m metadata) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]string(m)) }
