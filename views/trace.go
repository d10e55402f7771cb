package views

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// TraceStep is one step of a stored trace: what one rule saw, allowed and said.
type TraceStep struct {
	Policy                 string
	Version, Index         int
	Rule                   policy.Type
	Outcome                policy.StepOutcome
	Code                   string
	Shadow                 bool
	Mode                   policy.Mode
	Value                  string
	Limit, Used, Remaining json.Number
	Period                 meter.Period
	Per                    policy.Per
	Window                 *TraceWindow
	Zone                   string `json:"time_zone"`
}

// TraceWindow is the time that a rule added up. Nil is no bound.
type TraceWindow struct {
	From, To *time.Time
	Zone     string `json:"time_zone"`
}

// ReadTrace reads the trace of an authorization.
func ReadTrace(raw json.RawMessage) (steps []TraceStep, err error) {
	if len(raw) == 0 {
		return nil, nil
	}
	return steps, json.Unmarshal(raw, &steps)
}

// ID is the policy's id; nil when the trace names none.
func (s TraceStep) ID() uuid.UUID {
	id, _ := ident.Parse(ident.Policy, s.Policy)
	return id
}

// Ref is the version of the policy that the step is of.
func (s TraceStep) Ref() policy.VersionRef {
	return policy.VersionRef{Policy: s.ID(), Version: s.Version}
}

// Explainer puts what the rules said of one authorization into words.
type Explainer struct {
	Frame  Frame
	Words  Words
	Of     *spend.Authorization
	Handle string
	// Rules are the policies of the trace in the versions that decided; one that
	// is not there is told without its own words.
	Rules map[policy.VersionRef]policy.Policy
	// Names are the actors that reasons name by their ids.
	Names map[string]string
}

// rule is the rule that a step is of, and false when its version is not known.
func (e Explainer) rule(s TraceStep) (policy.Rule, bool) {
	p, ok := e.Rules[s.Ref()]
	if !ok || s.Index >= len(p.Rules) {
		return policy.Rule{}, false
	}
	return p.Rules[s.Index], true
}

// Headline says in one sentence what was decided and why, such as "Denied:
// March's limit for procurement-bot is 5,000.00 USD, …, so at most 37.90 fits
// until 1 April 00:00 Berlin time".
func (e Explainer) Headline() string {
	return decisionWord(e.Of) + ": " + e.Reason(e.Of.Reason)
}

func decisionWord(a *spend.Authorization) string {
	switch a.Decision {
	case policy.Denied:
		return "Denied"
	case policy.RequiresApproval:
		return "Held"
	}
	return "Approved"
}

var (
	storedInstant = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	storedZone    = regexp.MustCompile(`\b([A-Z][A-Za-z]+/[A-Za-z_+\-]+(?:/[A-Za-z_+\-]+)?)(,|$)`)
	storedActor   = regexp.MustCompile(`\b(?:mem|key|person)_[0-9a-z]{26}\b`)
)

// Reason is a stored reason with its instants in the company's time, its zones
// by the names of their places, and people by their addresses.
func (e Explainer) Reason(stored string) string {
	text := storedInstant.ReplaceAllStringFunc(stored, func(s string) string {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return s
		}
		return localMoment(at, e.Frame.Zone(), e.Frame.Company.TimeZone)
	})
	text = storedZone.ReplaceAllStringFunc(text, func(s string) string {
		zone := strings.TrimSuffix(s, ",")
		if _, err := meter.LoadZone(zone); err != nil {
			return s
		}
		return ZoneName(zone) + strings.TrimPrefix(s, zone)
	})
	return storedActor.ReplaceAllStringFunc(text, func(id string) string {
		if name, ok := e.Names[id]; ok {
			return name
		}
		return id
	})
}

// ZoneName is a time zone as a sentence says it: "Berlin time" for
// Europe/Berlin.
func ZoneName(zone string) string {
	if zone == "" || zone == "UTC" || !strings.Contains(zone, "/") {
		return strings.TrimSpace(zone + " time")
	}
	place := zone[strings.LastIndex(zone, "/")+1:]
	return strings.ReplaceAll(place, "_", " ") + " time"
}

// localMoment is an instant as a sentence says it: "1 April 00:00 Berlin time".
func localMoment(at time.Time, loc *time.Location, zone string) string {
	return at.In(loc).Format("2 January 15:04") + " " + ZoneName(zone)
}

// amount is a figure of the trace as money: "5,000.00 USD".
func (e Explainer) amount(n json.Number) string { return e.Of.Money(e.minor(n)).String() }

// bare is amount without the currency.
func (e Explainer) bare(n json.Number) string {
	return strings.TrimSuffix(e.amount(n), " "+e.Of.Currency.Upper())
}

// minor is a figure of the trace in minor units: it was written with exactly
// the currency's decimals.
func (e Explainer) minor(n json.Number) int64 {
	minor, err := strconv.ParseInt(strings.Replace(string(n), ".", "", 1), 10, 64)
	if err != nil {
		return 0 // a trace is ours, and has no other figures
	}
	return minor
}

// Remedies says what would by itself lead to another answer. What people have
// decided, or what is over, has none.
func (e Explainer) Remedies() []string {
	a := e.Of
	if !a.DecidedAt.IsZero() || a.Decision == policy.Approved {
		return nil
	}
	var stored []struct {
		Type      policy.RemedyType
		MaxAmount json.Number `json:"max_amount"`
		At        time.Time
	}
	if json.Unmarshal(a.Remedies, &stored) != nil {
		return nil
	}
	var out []string
	for _, r := range stored {
		switch r.Type {
		case policy.LowerAmount:
			if a.Decision == policy.RequiresApproval {
				out = append(out, "Up to "+e.amount(r.MaxAmount)+" needs nobody's approval.")
			} else {
				out = append(out, "Up to "+e.amount(r.MaxAmount)+" would not have been denied.")
			}
		case policy.RetryAfter:
			out = append(out, "The same request passes from "+localMoment(r.At, e.Frame.Zone(), e.Frame.Company.TimeZone)+" on, if nothing else is spent until then.")
		case policy.RequestApproval:
			out = append(out, "People can approve it while it waits.")
		}
	}
	return out
}
