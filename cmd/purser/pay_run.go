package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/getpurser/purser/internal/client"
	"github.com/getpurser/purser/internal/x402"
)

// payer is one payment under way.
type payer struct {
	*app
	pay
	tokens []x402.Token
	asked  *resource
	file   *paymentFile
}

// maxChallenge bounds the body of an answer that asks to be paid, in bytes.
const maxChallenge = 1 << 20

var errBusy = conflict("another purser is paying for the same at this moment; to pay for it twice, give each payment a name with --idempotency-key")

// standing is an authorization as it is now.
type standing struct {
	decision
	Amount    json.Number `json:"amount"`
	Currency  string      `json:"currency"`
	ExpiresAt *time.Time  `json:"expires_at"`
	Token     *string     `json:"token"`
	Livemode  bool        `json:"livemode"`
	Reason    string      `json:"reason"`
}

// run pays, or goes on with what an earlier run left.
func (p *payer) run() error {
	switch f := p.file; {
	case f.Ended != "":
		return p.doneBefore()
	case f.Transaction != "":
		return p.confirm(nil)
	case f.Refused != "":
		return p.giveBack()
	case f.Sent:
		return p.sendAgain()
	}
	return p.begin()
}

// doneBefore answers a name whose payment has come to an end.
func (p *payer) doneBefore() error {
	return conflict("the payment of this name is over: %s is %s; nothing was paid now", p.file.ID, p.file.Ended)
}

// begin asks the URL without a payment.
func (p *payer) begin() error {
	ctx, cancel := p.inTime()
	defer cancel()
	answer, err := p.asked.ask(ctx, "")
	if err != nil {
		return fmt.Errorf("%w: %s: %w", client.ErrAway, p.asked.place(), err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusPaymentRequired {
		return p.free(answer)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxChallenge))
	if err != nil {
		return fmt.Errorf("%w: %s: %w", client.ErrAway, p.asked.place(), err)
	}
	challenge, err := x402.ReadChallenge(answer.Header, body)
	if err != nil {
		return fmt.Errorf("%s cannot be paid, and nothing was authorized: %s", p.asked.place(), safe(err.Error()))
	}
	chosen, err := p.selected(challenge)
	if err != nil {
		return err
	}
	return p.payFor(challenge, chosen)
}

// free passes on what did not ask to be paid, or not any more.
func (p *payer) free(answer *http.Response) error {
	if err := p.drop("it does not ask to be paid any more"); err != nil {
		return err
	}
	if to := answer.Header.Get("Location"); answer.StatusCode/100 == 3 {
		return usage("%s sends to %s; ask there yourself, if you trust it: nothing was authorized", p.asked.place(), safe(to))
	}
	if err := p.deliver(answer); err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s; nothing was authorized", p.asked.place(), safe(answer.Status))
	}
	return nil
}

// selected keeps to what an earlier run selected while that is still asked for,
// and else gives it back and chooses anew.
func (p *payer) selected(c x402.Challenge) (price, error) {
	if selected := p.file.Selected; selected != nil {
		for _, r := range c.Accepts {
			if r.Same(*selected) {
				return p.fits(*selected)
			}
		}
		if err := p.drop("it asks for something else now"); err != nil {
			return price{}, err
		}
	}
	return p.choose(c)
}

// drop gives back what an earlier run asked for and never sent a payment for.
func (p *payer) drop(why string) error {
	if !p.file.found {
		return nil
	}
	if p.file.ID == "" {
		return p.file.forget()
	}
	p.file.Refused = why
	if err := p.giveUp(); err != nil || p.file.Ended == "" {
		return err
	}
	return p.doneBefore() // a name is for one payment
}

// payFor goes from the decision to the payment.
func (p *payer) payFor(challenge x402.Challenge, chosen price) error {
	answer, now, err := p.decide(chosen)
	if err != nil {
		return err
	}
	if err := p.covers(now, chosen); err != nil {
		p.file.Refused = err.Error()
		return errors.Join(err, p.giveUp())
	}
	if len(p.walletWords()) == 0 {
		if err := p.print(answer); err != nil {
			return err
		}
		fmt.Fprintf(p.problems, "purser: approved, and nothing was paid, since no wallet is configured: name one with --wallet, PURSER_WALLET or in the profile, and repeat this command. "+
			"Until then: purser void %s\n", p.file.ID)
		return outcome(exitUnpaid)
	}
	if p.file.Payload == "" {
		if err := p.haveSigned(challenge, chosen, now); err != nil {
			return err
		}
	}
	return p.send()
}

// haveSigned keeps the one payload there will be, before it is sent.
func (p *payer) haveSigned(challenge x402.Challenge, chosen price, now standing) error {
	o := order{Version: x402.Version, Resource: challenge.Resource, Accepted: chosen.requirement, Extensions: challenge.Extensions,
		Purser: orderOf{p.file.ID, deref(now.Token), now.ExpiresAt.UTC().Format(time.RFC3339)}}
	payload, err := p.sign(o, *now.ExpiresAt)
	if err == nil {
		p.file.Payload, err = payload.Encode()
	}
	if err != nil {
		p.file.Refused = "the wallet's payload was not sent"
		return errors.Join(fmt.Errorf("nothing was paid: %s", safe(err.Error())), p.giveUp())
	}
	return p.file.keep()
}

// standing asks how the authorization is now.
func (p *payer) standing() (client.Answer, standing, error) {
	var now standing
	answer, err := p.ask(client.Call{Method: http.MethodGet, Path: "/v1/authorize/" + url.PathEscape(p.file.ID), Agent: p.Agent})
	if err == nil {
		err = answer.Decode(&now)
	}
	return answer, now, err
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
