package views

import (
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/spend"
)

// WelcomeStep is where somebody is on the way to their first authorization.
type WelcomeStep int

// The steps, in their order.
const (
	WelcomeCompany WelcomeStep = iota
	WelcomeAgent
	WelcomePolicy
	WelcomeKey
	WelcomeRequest
)

var welcomeSteps = []string{"Your company", "First agent", "First policy", "First key", "First request"}

// WelcomePage is one step.
type WelcomePage struct {
	Step  WelcomeStep
	Wrong Errors
	// Typed is what was entered, by the field's name, to be shown again.
	Typed map[string]string
	// Guess lets the browser say its time zone.
	Guess   bool
	Presets []PresetChoice
	Agent   company.Agent
	// Secret is the new key, this once; Curl is ready to run with it, or has a
	// place for it.
	Secret, Curl string
	// First is the first authorization; nil until it arrived.
	First *spend.Authorization
}

// PresetChoice is a policy to begin with, in words.
type PresetChoice struct {
	Value, Title, Lead string
	// Rules says what it does, a sentence a rule.
	Rules []string
}

// arrivalTrigger is when the last step looks again.
const arrivalTrigger = "sse:authorizations, every 3s"

// number counts from one, for people.
func (s WelcomeStep) number() int { return int(s) + 1 }

// decided is the sentence that says how the first request was decided.
func decided(a *spend.Authorization) string {
	switch a.Status {
	case spend.Denied:
		return "It was denied: " + a.Reason + "."
	case spend.Held:
		return "It waits for a person: " + a.Reason + "."
	}
	return "It was approved: " + a.Reason + "."
}
