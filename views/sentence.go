package views

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// Words puts rules into sentences.
type Words struct {
	// Zone is the company's time zone, which rules without one follow.
	Zone string
	// People are the addresses of members by their public ids. Who is not there
	// is named by the id.
	People map[string]string
	// Most bounds how many values of a list are written; 0 writes all.
	Most int
}

// Words are those of the frame's company.
func (f Frame) Words(people map[string]string) Words {
	return Words{Zone: f.Company.TimeZone, People: people}
}

// Sentence says what a rule does, exactly and without its JSON: two rules that
// do different things have different sentences.
func (w Words) Sentence(r policy.Rule) string {
	switch r.Type {
	case policy.TransactionLimit:
		if r.Amount.Minor == 0 {
			return "Denies every payment in " + r.Amount.Currency.Upper() + "."
		}
		return fmt.Sprintf("Denies any single payment above %s.", r.Amount)
	case policy.ApprovalThreshold:
		if r.Amount.Minor == 0 {
			return fmt.Sprintf("Asks %s for every payment in %s.", w.who(r), r.Amount.Currency.Upper())
		}
		return fmt.Sprintf("Asks %s above %s.", w.who(r), r.Amount)
	case policy.Limit:
		return w.limit(r)
	case policy.Velocity:
		return fmt.Sprintf("Each covered agent may make %s in any %s; more are denied.", counted(r.Count, "request"), span(r.Window))
	case policy.Hours:
		return w.hours(r)
	case policy.NewMerchant:
		return w.effect(r, "Denies a merchant that the company has never paid.", "before the first payment to a merchant")
	case policy.Duplicate:
		again := "the same amount to the same merchant again within " + span(r.Window)
		return w.effect(r, "Denies an agent "+again+".", "when an agent asks for "+again)
	case policy.Expression:
		when := "when this is true: " + visible(strings.TrimSpace(r.When))
		return w.effect(r, "Denies "+when, when)
	}
	return w.list(r)
}

// effect is the sentence of a rule that may choose what it does.
func (w Words) effect(r policy.Rule, denies, asks string) string {
	if r.Effect == policy.RequireApproval {
		sentence := fmt.Sprintf("Asks %s %s", w.who(r), asks)
		if r.Type == policy.Expression {
			return sentence
		}
		return sentence + "."
	}
	return denies
}

func (w Words) limit(r policy.Rule) string {
	who := "Each covered agent"
	if r.Per == policy.PerCompany {
		who = "All covered agents together"
	}
	if r.Period == meter.Total {
		return fmt.Sprintf("%s may spend %s in total, ever.", who, r.Amount)
	}
	return fmt.Sprintf("%s may spend %s a %s%s.", who, r.Amount, r.Period, w.zone(r.Zone))
}

// zone says whose clock is meant. The company's may change, and a rule that
// follows it with it; so it is another rule than one that names the same.
func (w Words) zone(named string) string {
	if named == "" {
		return fmt.Sprintf(" (the company's time, %s)", cmp.Or(w.Zone, "UTC"))
	}
	return fmt.Sprintf(" (%s time)", named)
}

// Also says what follows from the rules together and stands in none of them:
// what happens to currencies that they do not speak of.
func (w Words) Also(rules []policy.Rule) []string {
	var shared []money.Currency
	begun := false
	for _, of := range []policy.Type{policy.TransactionLimit, policy.ApprovalThreshold, policy.Limit} {
		spoken := currenciesOf(rules, of)
		if len(spoken) == 0 {
			continue
		}
		if !begun {
			shared, begun = spoken, true
			continue
		}
		shared = both(shared, spoken)
	}
	switch {
	case !begun:
		return nil
	case len(shared) == 0:
		return []string{"Denies everything: no currency has all the kinds of amounts that these rules speak of."}
	}
	codes := make([]string, len(shared))
	for i, c := range shared {
		codes[i] = c.Upper()
	}
	return []string{"Denies currencies other than " + listed(codes, "and") + ", because its amounts speak of no others."}
}

func currenciesOf(rules []policy.Rule, of policy.Type) (found []money.Currency) {
	for _, r := range rules {
		if r.Type == of && !contains(found, r.Amount.Currency) {
			found = append(found, r.Amount.Currency)
		}
	}
	return found
}

func both(a, b []money.Currency) (shared []money.Currency) {
	for _, c := range a {
		if contains(b, c) {
			shared = append(shared, c)
		}
	}
	return shared
}

func contains(list []money.Currency, c money.Currency) bool {
	for _, x := range list {
		if x == c {
			return true
		}
	}
	return false
}

// counted is a number of things: "1 request", "10 requests".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return Count(n) + " " + thing + "s"
}

// listed joins words as a sentence does: "a, b and c".
func listed(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

// visible shows characters that would not be seen, or that turn the direction
// of writing, by their number.
func visible(text string) string {
	var b strings.Builder
	for _, c := range text {
		if unicode.IsGraphic(c) && c != '\u00ad' || c == '\n' || c == '\t' {
			b.WriteRune(c)
			continue
		}
		b.WriteString("⟨U+" + strings.ToUpper(strconv.FormatInt(int64(c)|0x10000, 16)[1:]) + "⟩")
	}
	return b.String()
}
