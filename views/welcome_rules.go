package views

import "github.com/getpurser/purser/internal/policy"

// PresetChoices are the policies to begin with, in words.
func (f Frame) PresetChoices(presets []policy.Preset) []PresetChoice {
	words, out := f.Words(nil), make([]PresetChoice, len(presets))
	for i, p := range presets {
		out[i] = PresetChoice{Value: p.Key, Title: p.Name, Lead: p.Explanation}
		for _, rule := range p.Content.Rules {
			out[i].Rules = append(out[i].Rules, words.Sentence(rule))
		}
	}
	return out
}
