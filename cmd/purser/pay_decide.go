package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/getpurser/purser/internal/client"
)

// decide asks Purser for what was selected, or after what an earlier run asked
// it, and answers what was approved. Anything else ends the command.
func (p *payer) decide(chosen price) (client.Answer, standing, error) {
	if p.file.ID == "" {
		if err := p.authorize(chosen); err != nil {
			return client.Answer{}, standing{}, err
		}
	}
	answer, now, err := p.standing()
	if err == nil && (now.Status == "voided" || now.Status == "expired") && !p.file.named {
		if err := errors.Join(p.file.forget(), p.authorize(chosen)); err != nil { // an earlier run's, and nothing was sent
			return client.Answer{}, standing{}, err
		}
		answer, now, err = p.standing()
	}
	if err == nil && now.Status == "held" && p.Wait {
		if answer, err = p.awaited(now.ID); err == nil {
			now = standing{}
			err = answer.Decode(&now)
		}
	}
	if err != nil || now.Status == "pending" {
		return answer, now, err
	}
	return answer, now, p.notApproved(answer, now)
}

// notApproved prints a decision that leaves nothing to pay. A held one is kept,
// so that the same command goes on when people have decided.
func (p *payer) notApproved(answer client.Answer, now standing) error {
	if err := p.print(answer); err != nil {
		return err
	}
	if now.Status == "held" {
		fmt.Fprintln(p.problems, "purser: people were asked; repeat this command when they have decided, or wait with --wait.")
		return outcome(exitHeld)
	}
	if err := p.file.finish(now.Status); err != nil {
		return err
	}
	if now.Status == "confirmed" {
		return conflict("it was confirmed by somebody: nothing was paid now")
	}
	return outcome(exitDenied)
}

// authorize asks for exactly what was selected. The key and the question are
// written down before, so that a repeat is answered with the same authorization.
func (p *payer) authorize(chosen price) error {
	if !p.file.found {
		asked, err := json.Marshal(p.question(chosen))
		if err != nil {
			return err
		}
		p.file.Asked, p.file.Selected = asked, &chosen.requirement
		if err := p.file.keep(); err != nil {
			return err
		}
		if !chosen.exact {
			fmt.Fprintf(p.problems, "purser: %s is asked as %s: what is less than the smallest unit is rounded up.\n",
				chosen.token.Text(chosen.requirement.Amount()), chosen.worth)
		}
	}
	ctx, cancel := context.WithTimeout(p.ctx, p.Timeout)
	defer cancel()
	answer, err := p.client.Do(ctx, client.Call{Method: http.MethodPost, Path: "/v1/authorize", Body: p.file.Asked, Agent: p.Agent, IdempotencyKey: p.file.Key})
	if err != nil {
		return p.notAsked(err)
	}
	var d decision
	if err := answer.Decode(&d); err != nil {
		return err
	}
	p.file.ID = d.ID
	return p.file.keep()
}

// notAsked forgets a question that was refused as it stands. One that may have
// arrived is kept: its repeat is answered with the same authorization.
func (p *payer) notAsked(err error) error {
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Status >= http.StatusInternalServerError ||
		problem.Status == http.StatusConflict || problem.Status == http.StatusTooManyRequests {
		return err
	}
	if problem.Code == "idempotency_conflict" {
		err = conflict("a payment of this name was begun elsewhere, or for something else: nothing was paid now; look for it with purser authorizations list")
	}
	return errors.Join(err, p.file.forget())
}

// question is the authorization that is asked for. Its x402_payment is written
// down with it: a name that another machine uses too is another question there,
// which the API refuses.
func (p *payer) question(chosen price) authorize {
	r, host := chosen.requirement, p.asked.address.Hostname()
	return authorize{Amount: chosen.worth.Decimal(), Currency: string(chosen.worth.Currency),
		Merchant: merchant{Name: first(p.Merchant, host), MCC: p.MCC, Country: p.Country, Domain: host},
		Purpose:  first(p.Purpose, "x402: "+p.asked.method+" "+p.asked.place()), Expires: max(p.Expires, r.Seconds()+60),
		Metadata: metadata{"x402_network": r.Network(), "x402_asset": r.Asset(), "x402_amount": r.Amount().String(), "x402_pay_to": r.PayTo(), "x402_payment": rand.Text()}}
}

// covers holds what was approved against what was selected, before anything is
// signed.
func (p *payer) covers(now standing, chosen price) error {
	switch {
	case now.Currency != string(chosen.worth.Currency) || now.Amount.String() != chosen.worth.Decimal():
		return denied("%s %s was approved, and it costs %s: nothing was paid", now.Amount, now.Currency, chosen.worth)
	case !now.Livemode && !chosen.token.Test:
		return denied("a decision of test mode is no permission to pay real money on %s: nothing was paid", chosen.requirement.Network())
	case now.ExpiresAt == nil:
		return fmt.Errorf("the authorization does not say when it ends: nothing was paid")
	}
	return nil
}
