package policy

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
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

// Sentence says what a rule does, exactly and without its JSON: two rules that
// do different things have different sentences.
func (w Words) Sentence(r Rule) string {
	switch r.Type {
	case TransactionLimit:
		if r.Amount.Minor == 0 {
			return "Denies every payment in " + r.Amount.Currency.Upper() + "."
		}
		return fmt.Sprintf("Denies any single payment above %s.", r.Amount)
	case ApprovalThreshold:
		if r.Amount.Minor == 0 {
			return fmt.Sprintf("Asks %s for every payment in %s.", w.Who(r), r.Amount.Currency.Upper())
		}
		return fmt.Sprintf("Asks %s above %s.", w.Who(r), r.Amount)
	case Limit:
		return w.limit(r)
	case Velocity:
		return fmt.Sprintf("Each covered agent may make %s in any %s; more are denied.", Counted(r.Count, "request"), Span(r.Window))
	case Hours:
		return w.hours(r)
	case NewMerchant:
		return w.effect(r, "Denies a merchant that the company has never paid.", "before the first payment to a merchant")
	case Duplicate:
		again := "the same amount to the same merchant again within " + Span(r.Window)
		return w.effect(r, "Denies an agent "+again+".", "when an agent asks for "+again)
	case Expression:
		when := "when this is true: " + Visible(strings.TrimSpace(r.When))
		return w.effect(r, "Denies "+when, when)
	}
	return w.list(r)
}

// effect is the sentence of a rule that may choose what it does.
func (w Words) effect(r Rule, denies, asks string) string {
	if r.Effect == RequireApproval {
		sentence := fmt.Sprintf("Asks %s %s", w.Who(r), asks)
		if r.Type == Expression {
			return sentence
		}
		return sentence + "."
	}
	return denies
}

func (w Words) limit(r Rule) string {
	who := "Each covered agent"
	if r.Per == PerCompany {
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
func (w Words) Also(rules []Rule) []string {
	var shared []money.Currency
	begun := false
	for _, of := range []Type{TransactionLimit, ApprovalThreshold, Limit} {
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
	return []string{"Denies currencies other than " + Listed(codes, "and") + ", because its amounts speak of no others."}
}

func currenciesOf(rules []Rule, of Type) (found []money.Currency) {
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

// Count is a number with its thousands apart.
func Count(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// Counted is a number of things: "1 request", "10 requests".
func Counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return Count(n) + " " + thing + "s"
}

// Listed joins words as a sentence does: "a, b and c".
func Listed(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

// Visible shows characters that would not be seen, or that turn the direction
// of writing, by their number.
func Visible(text string) string {
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
