package views

import (
	"fmt"

	"github.com/getpurser/purser/internal/policy"
)

// presetRule says what a rule of a preset does.
func presetRule(r policy.Rule) string {
	switch r.Type {
	case policy.TransactionLimit:
		return fmt.Sprintf("Denies a payment above %s.", r.Amount)
	case policy.ApprovalThreshold:
		return fmt.Sprintf("Asks a person above %s.", r.Amount)
	case policy.Limit:
		return fmt.Sprintf("Denies what goes beyond %s in a %s for each agent.", r.Amount, r.Period)
	case policy.Velocity:
		return fmt.Sprintf("Denies more than %d payments in %s for each agent.", r.Count, span(r.Window))
	case policy.NewMerchant:
		return "Asks a person before the first payment to a merchant."
	case policy.Duplicate:
		return fmt.Sprintf("Asks a person when the same payment comes again within %s.", span(r.Window))
	}
	return string(r.Type)
}

// PresetChoices are the policies to begin with, in words.
func PresetChoices(presets []policy.Preset) []PresetChoice {
	out := make([]PresetChoice, len(presets))
	for i, p := range presets {
		out[i] = PresetChoice{Value: p.Key, Title: p.Name, Lead: p.Explanation}
		for _, rule := range p.Content.Rules {
			out[i].Rules = append(out[i].Rules, presetRule(rule))
		}
	}
	return out
}
