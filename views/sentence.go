package views

import "github.com/getpurser/purser/internal/policy"

// Words puts rules into sentences, as the API does.
type Words = policy.Words

// Words are those of the frame's company.
func (f Frame) Words(people map[string]string) Words {
	return Words{Zone: f.Company.TimeZone, People: people}
}

// Count is a number with its thousands apart.
func Count(n int) string { return policy.Count(n) }

// RailName is a rail as pages write it.
func RailName(rail string) string { return policy.RailName(rail) }

// CountryName is the English name of a country by its code of ISO 3166-1.
func CountryName(code string) string { return policy.CountryName(code) }

func counted(n int, thing string) string { return policy.Counted(n, thing) }

func listed(words []string, last string) string { return policy.Listed(words, last) }

func visible(text string) string { return policy.Visible(text) }
