// Package linear checks what concurrent clients were answered against a small
// sequential gate: there must be one order of their calls, each at an instant
// between its question and its answer, in which every answer is right. It is
// for tests alone, and knows nothing of how the gate is built.
package linear

// Kind is what a client asks for.
type Kind string

// The kinds. Expire is time itself: the hold's end, moved to now.
const (
	Authorize Kind = "authorize"
	Confirm   Kind = "confirm"
	Void      Kind = "void"
	Approve   Kind = "approve"
	Deny      Kind = "deny"
	Look      Kind = "look"
	Budget    Kind = "budget"
	Freeze    Kind = "freeze"
	Unfreeze  Kind = "unfreeze"
	Expire    Kind = "expire"
)

// Statuses of an authorization, by the first letter of the gate's.
const (
	none      byte = 0
	pending   byte = 'p'
	held      byte = 'h'
	confirmed byte = 'c'
	voided    byte = 'v'
	expired   byte = 'e'
	denied    byte = 'd'
)

var name = map[byte]string{pending: "pending", held: "held", confirmed: "confirmed", voided: "voided", expired: "expired", denied: "denied"}

// Slots is how many authorizations one history has at most, and Agents how
// many agents.
const (
	Slots  = 96
	Agents = 3
)

// Input is one call. Slot names the authorization: a call with the slot of an
// earlier Authorize repeats its Idempotency-Key.
type Input struct {
	Kind  Kind
	Agent int
	Slot  int
	Minor int64 // the amount; 0 of a Confirm or an Approve is all of it
	Auto  bool  // capture at once
}

// Output is what the call was answered with. Codes are the API's.
type Output struct {
	// Unknown means that nobody can say whether it happened: a 503.
	Unknown bool
	Code    string
	// ID tells authorizations apart, from 1. Of an Authorize alone.
	ID       int
	Replayed bool
	Status   byte
	Minor    int64
	// Spent and Reserved of the agent, and of all together: a Budget's.
	Spent, Reserved, AllSpent, AllReserved int64
}

// NothingDone is the code of an answer that promises that nothing happened.
const NothingDone = "overloaded"

// Limits are the rules, in minor units: what an agent may use, what all may use
// together, and above which amount somebody must approve.
type Limits struct {
	PerAgent, Together, Threshold int64
}

type slot struct {
	status byte
	auto   bool
	agent  int8
	id     int16
	minor  int32
}

// books is the whole state of the sequential gate. It is a value: == compares
// and = copies.
type books struct {
	frozen [Agents]bool
	slots  [Slots]slot
}

// used is what counts against an agent's limit, or all agents' for -1.
func (b *books) used(agent int) (spent, reserved int64) {
	for i := range b.slots {
		s := &b.slots[i]
		if agent >= 0 && int(s.agent) != agent {
			continue
		}
		switch s.status {
		case confirmed:
			spent += int64(s.minor)
		case pending, held:
			reserved += int64(s.minor)
		}
	}
	return spent, reserved
}

func (b *books) decide(in Input, l Limits) byte {
	spent, reserved := b.used(in.Agent)
	allSpent, allReserved := b.used(-1)
	switch {
	case b.frozen[in.Agent], spent+reserved+in.Minor > l.PerAgent, allSpent+allReserved+in.Minor > l.Together:
		return denied
	case in.Minor > l.Threshold:
		return held
	}
	return opened(in.Auto)
}

func opened(auto bool) byte {
	if auto {
		return confirmed
	}
	return pending
}

// perform does one call alone: the books after it, and the answer it must have.
// The ID of a new authorization is left open.
func (b books) perform(in Input, l Limits) (books, Output) {
	s := &b.slots[in.Slot]
	switch in.Kind {
	case Authorize:
		if s.status != none {
			return b, Output{Replayed: true, ID: int(s.id)}
		}
		*s = slot{status: b.decide(in, l), auto: in.Auto, agent: int8(in.Agent), minor: int32(in.Minor)}
		return b, Output{Status: s.status, Minor: in.Minor}
	case Budget:
		var out Output
		out.Spent, out.Reserved = b.used(in.Agent)
		out.AllSpent, out.AllReserved = b.used(-1)
		return b, out
	case Freeze, Unfreeze:
		b.frozen[in.Agent] = in.Kind == Freeze
		return b, Output{}
	case Expire:
		if s.status == pending || s.status == held {
			s.status = expired
		}
		return b, Output{}
	}
	code := s.move(in, b.frozen[in.Agent])
	if code != "" {
		return b, Output{Code: code}
	}
	return b, Output{Status: s.status, Minor: int64(s.minor)}
}

// move changes one authorization, or says why not.
func (s *slot) move(in Input, frozen bool) (code string) {
	minor := int32(in.Minor)
	if minor == 0 {
		minor = s.minor
	}
	switch {
	case in.Kind == Look, in.Kind == Void && s.status == voided,
		in.Kind == Confirm && s.status == confirmed && s.minor == minor:
		return ""
	case in.Kind == Void && (s.status == pending || s.status == held):
		s.status = voided
		return ""
	case in.Kind == Confirm && s.status == pending:
		if minor > s.minor {
			return "amount_above_hold"
		}
		s.status, s.minor = confirmed, minor
		return ""
	case in.Kind == Deny && s.status == held:
		s.status = denied
		return ""
	case in.Kind == Approve && s.status == held:
		return s.approve(minor, frozen)
	}
	return "authorization_" + name[s.status]
}

func (s *slot) approve(minor int32, frozen bool) (code string) {
	switch {
	case minor > s.minor:
		return "amount_above_request"
	case frozen:
		return "agent_frozen"
	}
	s.status, s.minor = opened(s.auto), minor
	return ""
}

// step gives the books that may follow: none when the answer is wrong, two when
// it is not known whether the call happened.
func (b books) step(in Input, out Output, l Limits) []any {
	next, want := b.perform(in, l)
	switch {
	case out.Unknown && next == b, out.Code == NothingDone:
		return []any{b}
	case out.Unknown:
		return []any{b, next}
	}
	if in.Kind == Authorize && out.ID != 0 {
		s := &next.slots[in.Slot]
		if s.id != 0 && int(s.id) != out.ID {
			return nil // the key has had two effects
		}
		s.id, want.ID = int16(out.ID), out.ID
	}
	if out != want {
		return nil
	}
	return []any{next}
}
