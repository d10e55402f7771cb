package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/getpurser/purser/internal/client"
	"github.com/getpurser/purser/internal/x402"
)

// afterwards bounds what must still be said to Purser when the command was
// interrupted.
const afterwards = 30 * time.Second

// send hands the payload over, once.
func (p *payer) send() error {
	again := p.file.Sent
	p.file.Sent = true
	if err := p.file.keep(); err != nil {
		return err
	}
	ctx, cancel := p.inTime()
	defer cancel()
	answer, err := p.asked.ask(ctx, p.file.Payload)
	if err != nil && neverLeft(err) {
		p.file.Sent = again
		return errors.Join(fmt.Errorf("%w: %s: %w; nothing was sent, and the same command goes on", client.ErrAway, p.asked.place(), err), p.file.keep())
	}
	if err != nil {
		return p.unknown("it did not answer: " + err.Error())
	}
	defer func() { _ = answer.Body.Close() }()
	s := x402.ReadSettlement(answer.StatusCode, answer.Header, *p.file.Selected)
	switch {
	case s.Outcome == x402.Settled:
		p.file.Transaction = s.Transaction
		if err := p.file.keep(); err != nil {
			return err
		}
		return p.confirm(answer)
	case s.Outcome == x402.Refused && !again:
		p.file.Refused = s.Reason
		return p.giveBack()
	case s.Outcome == x402.Refused:
		return p.unknown("it refuses the payment that was sent before, which may mean that it has it: " + s.Reason)
	}
	if answer.StatusCode/100 == 2 {
		if err := p.deliver(answer); err != nil {
			fmt.Fprintln(p.problems, "purser:", err)
		}
	}
	return p.unknown(fmt.Sprintf("it answered %s: %s", answer.Status, s.Reason))
}

// sendAgain goes on where a run ended after the payload may have been sent. The
// same payload can be cashed once, so handing it over again pays nothing twice.
func (p *payer) sendAgain() error {
	_, now, err := p.standing()
	if err != nil {
		return err
	}
	id := p.file.ID
	switch now.Status {
	case "pending":
		return p.send()
	case "confirmed", "voided":
		if err := p.file.finish(now.Status); err != nil {
			return err
		}
		return conflict("the interrupted payment %s was %s by somebody: nothing was paid now, and the same command begins anew", id, now.Status)
	}
	fmt.Fprintf(p.problems, "purser: it is NOT KNOWN whether the interrupted payment %s was made. It is %s and its payload can be cashed no more; nothing was paid now.\n"+
		"Look whether %s got the money. --again forgets this payment and begins anew.\n", id, now.Status, safe(p.file.Selected.PayTo()))
	return outcome(exitUnknown)
}

// confirm passes on the answer and says that it was paid. Without an answer, an
// earlier run passed it on.
func (p *payer) confirm(answer *http.Response) error {
	var problem error
	if answer == nil {
		fmt.Fprintf(p.problems, "purser: this was paid before (%s), and its answer given then.\n", safe(p.file.Transaction))
	} else if problem = p.deliver(answer); problem == nil && answer.StatusCode/100 != 2 {
		problem = fmt.Errorf("it was paid, and the server answered %s", safe(answer.Status))
	}
	said, err := p.tell("confirm", map[string]string{"reference": p.file.Transaction})
	if err != nil {
		return errors.Join(problem, fmt.Errorf("it was paid (%s), but %s could not be confirmed: the same command tries again and pays nothing, --again forgets it: %w",
			safe(p.file.Transaction), p.file.ID, err))
	}
	fmt.Fprintf(p.problems, "purser: paid and confirmed: %s, transaction %s.\n", p.file.ID, safe(p.file.Transaction))
	if p.JSON {
		problem = errors.Join(problem, p.print(said))
	}
	return errors.Join(problem, p.file.finish("confirmed"))
}

// giveBack voids what the server did not take.
func (p *payer) giveBack() error {
	reason, until := p.file.Refused, ""
	if payload, err := x402.ReadPayload([]byte(p.file.Payload)); err == nil && payload.Until().After(time.Now()) {
		until = " A server that lies could still cash the payload until " + payload.Until().UTC().Format("15:04:05 UTC") + "."
	}
	err := fmt.Errorf("%s did not take the payment (%s): the authorization %s is given back.%s", p.asked.place(), safe(reason), p.file.ID, until)
	return errors.Join(err, p.giveUp())
}

// giveUp voids the authorization, and forgets the payment when that is done.
func (p *payer) giveUp() error {
	if err := p.file.keep(); err != nil {
		return err
	}
	if _, err := p.tell("void", map[string]string{"reason": cut(p.file.Refused, 500)}); err != nil {
		var problem *client.Problem
		if !errors.As(err, &problem) || problem.Status != http.StatusConflict {
			return fmt.Errorf("%s could not be voided: repeat the same command, or let it expire: %w", p.file.ID, err)
		}
	}
	return p.file.finish("voided")
}

// unknown leaves everything as it is, and says what a person can do.
func (p *payer) unknown(why string) error {
	fmt.Fprintf(p.problems, "purser: it is NOT KNOWN whether %s was paid: %s\n"+
		"The budget stays held as %s. The same command hands the same payload over again, which cannot be cashed twice.\n"+
		"Or look whether %s got the money, then say so: purser confirm %s --reference=TRANSACTION, or purser void %s.\n",
		p.asked.place(), safe(why), p.file.ID, safe(p.file.Selected.PayTo()), p.file.ID, p.file.ID)
	return outcome(exitUnknown)
}

// tell says to Purser what became of it, also after an interrupt. A repeat has
// one effect, by the state of the authorization.
func (p *payer) tell(what string, body any) (client.Answer, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), afterwards)
	defer cancel()
	return p.client.Do(ctx, client.Call{Method: http.MethodPost, Path: "/v1/authorize/" + url.PathEscape(p.file.ID) + "/" + what, Agent: p.Agent, Body: body})
}

// deliver passes the answer's body on.
func (p *payer) deliver(answer *http.Response) error {
	out := p.out
	if p.Output != "" {
		file, err := os.OpenFile(p.Output, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // what could not be written, Copy said
		out = file
	}
	if _, err := io.Copy(out, answer.Body); err != nil {
		return fmt.Errorf("the answer did not come whole: %w", err)
	}
	return nil
}

// inTime bounds the talk with the URL by --timeout.
func (p *payer) inTime() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, p.Timeout)
}

func cut(text string, most int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}
