package main

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/api/apitestclient"
)

// generated is the client that oapi-codegen made of the OpenAPI document.
type generated struct {
	*apitestclient.ClientWithResponses
	t *testing.T
}

// newGenerated makes one that sends a header with every call; none when its
// name is empty.
func newGenerated(t *testing.T, base, name, value string) generated {
	t.Helper()
	c, err := apitestclient.NewClientWithResponses(base, apitestclient.WithHTTPClient(&http.Client{Timeout: 30 * time.Second}),
		apitestclient.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			if name != "" {
				r.Header.Set(name, value)
			}
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	return generated{c, t}
}

// got fails unless the answer has the status and what the document says of it.
func got[B any](t *testing.T, what string, err error, body []byte, parsed *B) *B {
	t.Helper()
	if err != nil || parsed == nil {
		t.Fatalf("%s: %v %s", what, err, body)
	}
	return parsed
}

// TestQuickstartByGeneratedClient goes the README's way, and confirms, with a
// client that nobody wrote: the document is enough.
func TestQuickstartByGeneratedClient(t *testing.T) {
	t.Parallel()
	r := start(t)
	admin := newGenerated(t, r.url, "X-API-Key", newGenerated(t, r.url, "", "").found(r.url))
	agent := admin.agentWithBudget()
	approved := admin.spend(agent.Handle)
	if approved.Decision != apitestclient.AuthorizationDecisionAPPROVED || approved.Status != apitestclient.AuthorizationStatusPending ||
		approved.Agent != agent.Id || approved.Amount != 249.99 || approved.Token == nil {
		t.Fatalf("%+v", approved)
	}
	verify(t, r.url, *approved.Token)
	var amount apitestclient.Confirmation_Amount
	if err := amount.FromConfirmationAmount1("200.00"); err != nil {
		t.Fatal(err)
	}
	done, err := admin.ConfirmAuthorizationWithResponse(t.Context(), *approved.Id, nil, apitestclient.Confirmation{Amount: &amount})
	if confirmed := got(t, "confirm", err, done.Body, done.JSON200); confirmed.Status != apitestclient.AuthorizationStatusConfirmed || confirmed.Amount != 200 {
		t.Errorf("%+v", confirmed)
	}
	again, err := admin.VoidAuthorizationWithResponse(t.Context(), *approved.Id, nil, apitestclient.Voiding{})
	if problem := got(t, "void", err, again.Body, again.ApplicationproblemJSON409); problem.Code == "" || problem.Status != http.StatusConflict {
		t.Errorf("%+v", problem)
	}
	if second := admin.spend(agent.Handle); second.Decision != apitestclient.AuthorizationDecisionAPPROVED {
		t.Errorf("what was given back is not there: %+v", second)
	}
	if third := admin.spend(agent.Handle); third.Decision != apitestclient.AuthorizationDecisionDENIED || third.ReasonCode != "limit_exceeded" {
		t.Errorf("%+v", third)
	}
}

// found signs in, makes a company and gives a key of it.
func (c generated) found(base string) (key string) {
	c.t.Helper()
	ctx := c.t.Context()
	sent, err := c.SendMagicLinkWithResponse(ctx, nil, apitestclient.LinkRequest{Email: "you@example.com"})
	got(c.t, "magic link", err, sent.Body, sent.JSON202)
	mail, err := http.Get(base + "/dev/mail.json")
	if err != nil {
		c.t.Fatal(err)
	}
	defer mail.Body.Close()
	text, err := io.ReadAll(mail.Body)
	link := linkToken.FindSubmatch(text)
	if err != nil || link == nil {
		c.t.Fatalf("no link in %s: %v", text, err)
	}
	signedIn, err := c.VerifyMagicLinkWithResponse(ctx, nil, apitestclient.LinkToken{Token: string(link[1])})
	session := got(c.t, "verify", err, signedIn.Body, signedIn.JSON200)
	person := newGenerated(c.t, base, "Authorization", "Bearer "+session.Token)
	company, err := person.CreateCompanyWithResponse(ctx, nil, apitestclient.NewCompany{Name: "Acme", Currency: new("usd")})
	got(c.t, "company", err, company.Body, company.JSON201)
	made, err := person.CreateKeyWithResponse(ctx, nil, apitestclient.NewKey{Name: "quickstart", Mode: apitestclient.NewKeyModeTest,
		Scopes: []apitestclient.NewKeyScopes{apitestclient.NewKeyScopesAdmin, apitestclient.NewKeyScopesSpend}})
	return *got(c.t, "the key's secret", err, made.Body, got(c.t, "key", err, made.Body, made.JSON201).Key)
}

// agentWithBudget makes an agent that may spend 500.00 usd a month.
func (c generated) agentWithBudget() *apitestclient.Agent {
	c.t.Helper()
	made, err := c.CreateAgentWithResponse(c.t.Context(), nil, apitestclient.NewAgent{Handle: "procurement-bot", Name: "Procurement"})
	agent := got(c.t, "agent", err, made.Body, made.JSON201)
	var amount apitestclient.Rule_Amount
	if err := amount.FromRuleAmount0(500); err != nil {
		c.t.Fatal(err)
	}
	policy, err := c.CreatePolicyWithResponse(c.t.Context(), nil, apitestclient.PolicyContent{Name: "Monthly budget",
		Status: new(apitestclient.PolicyContentStatusActive), Rules: []apitestclient.Rule{{Type: apitestclient.RuleTypeLimit,
			Period: new(apitestclient.RulePeriodMonth), Amount: &amount, Currency: new("usd")}}})
	got(c.t, "policy", err, policy.Body, policy.JSON201)
	return agent
}

// spend asks for 249.99 usd.
func (c generated) spend(agent string) *apitestclient.Authorization {
	c.t.Helper()
	var amount apitestclient.SpendRequest_Amount
	if err := amount.FromSpendRequestAmount0(249.99); err != nil {
		c.t.Fatal(err)
	}
	answer, err := c.AuthorizeWithResponse(c.t.Context(), nil, apitestclient.SpendRequest{Agent: &agent, Amount: amount,
		Currency: "usd", Merchant: apitestclient.Merchant{Name: "AWS"}})
	return got(c.t, "authorize", err, answer.Body, answer.JSON200)
}
