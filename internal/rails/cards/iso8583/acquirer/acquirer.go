package main

import (
	"fmt"
	"time"
)

// acquirer has one line to the issuer and remembers what it sent.
type acquirer struct {
	line    *line
	id      string
	timeout time.Duration
	floor   int64
	trace   int
	sent    map[string]*record
	// undelivered is stored and forwarded: advices that nobody has acknowledged.
	undelivered []*record
}

// record is a message that was sent, and the command that it came from.
type record struct {
	message
	command command
	// tries counts how often it was sent.
	tries int
}

func newAcquirer(addr, id string, timeout time.Duration, floor int64) *acquirer {
	return &acquirer{line: newLine(addr), id: id, timeout: timeout, floor: floor, sent: map[string]*record{}}
}

func (a *acquirer) close() { a.line.hangUp() }

func (a *acquirer) do(c command) result {
	switch c.Do {
	case "authorize":
		return a.authorize(c)
	case "capture", "refund", "reverse":
		return a.advise(c)
	case "repeat":
		r, ok := a.sent[c.About]
		if !ok {
			return result{Error: "nothing was sent with that trace"}
		}
		return a.exchange(r)
	case "forward":
		return a.forward()
	case "echo":
		return a.exchange(a.record("0800", command{}, nil))
	default:
		return result{Error: fmt.Sprintf("there is no command %q", c.Do)}
	}
}

// authorize asks the issuer, and decides by itself where that does not answer.
func (a *acquirer) authorize(c command) result {
	r := a.record("0100", c, nil)
	if c.Deaf {
		a.line.say(r.message)
		a.line.hangUp()
		return a.unanswered(r)
	}
	out := a.exchange(r)
	if out.TimedOut || out.Error != "" {
		return a.unanswered(r)
	}
	out.Approved = out.Code == "00"
	if out.Code == "91" || out.Code == "96" { // the issuer cannot: the acquirer may
		return a.standIn(r, out)
	}
	return out
}

// unanswered takes back what may have been approved, and then stands in.
func (a *acquirer) unanswered(r *record) result {
	a.undelivered = append(a.undelivered, a.record("0400", r.command, r))
	return a.standIn(r, result{Trace: r.trace, TimedOut: true})
}

// standIn approves small amounts in the issuer's stead, and owes it an advice.
func (a *acquirer) standIn(r *record, out result) result {
	if r.command.Amount > a.floor {
		return out
	}
	advice := a.record("0120", r.command, nil)
	a.undelivered = append(a.undelivered, advice)
	out.Trace, out.Approved, out.StoodIn = advice.trace, true, true
	return out
}

// advise tells of a capture, a refund or a reversal, which stays undelivered
// until the issuer has acknowledged it.
func (a *acquirer) advise(c command) result {
	about, ok := a.sent[c.About]
	if !ok {
		return result{Error: "nothing was sent with that trace"}
	}
	whole := about.command
	if c.Amount == 0 {
		c.Amount = whole.Amount
	}
	c.PAN, c.Currency, c.Merchant, c.MCC, c.Country = whole.PAN, whole.Currency, whole.Merchant, whole.MCC, whole.Country
	kind := "0220"
	if c.Do == "reverse" {
		kind, c.Amount = "0400", whole.Amount
	}
	r := a.record(kind, c, about)
	out := a.exchange(r)
	if out.TimedOut || out.Error != "" {
		a.undelivered = append(a.undelivered, r)
	}
	return out
}

// forward sends what is undelivered, in order, until one is not answered.
func (a *acquirer) forward() (out result) {
	for len(a.undelivered) > 0 {
		out = a.exchange(a.undelivered[0])
		if out.TimedOut || out.Error != "" {
			return out
		}
		a.undelivered = a.undelivered[1:]
	}
	return out
}

// exchange sends a message, as a repeat if it was sent before, and waits for its
// answer.
func (a *acquirer) exchange(r *record) result {
	m := r.message
	if r.tries > 0 {
		m.kind = m.kind[:3] + "1"
	}
	r.tries++
	answer, err := a.line.ask(m, a.timeout)
	switch {
	case err == errNoAnswer:
		return result{Trace: r.trace, TimedOut: true}
	case err != nil:
		return result{Trace: r.trace, Error: err.Error()}
	}
	return result{Trace: r.trace, Type: answer.kind, Code: answer.code, Why: answer.why, Approval: answer.approval, Approved: answer.code == "00"}
}

// record makes a message of a command and remembers it. About is the message
// that a reversal or a capture names.
func (a *acquirer) record(kind string, c command, about *record) *record {
	a.trace++
	r := &record{command: c, message: message{kind: kind, trace: fmt.Sprintf("%06d", a.trace), sent: time.Now().UTC().Format("0102150405"), acquirer: a.id}}
	r.command.Do = kind
	r.of(c)
	if about != nil {
		r.original = fmt.Sprintf("%s%s%s%011s%011s", about.kind, about.trace, about.sent, a.id, "")
		r.original = zeros(r.original)
	}
	a.sent[r.trace] = r
	return r
}
