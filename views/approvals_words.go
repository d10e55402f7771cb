package views

import (
	"fmt"
	"strings"

	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

// place is where the merchant is, what it sells, and by what rail it is paid.
func (h Held) place() string {
	var words []string
	if m := h.Authorization.Merchant; m.Country != "" {
		words = append(words, CountryName(m.Country))
	}
	if m := h.Authorization.Merchant; m.MCC != "" {
		words = append(words, "category "+m.MCC)
	}
	return strings.Join(append(words, "through "+RailName(h.Authorization.Rail)), " · ")
}

// paid are sentences about what the merchant was paid of late.
func (h Held) paid() (out []string) {
	for _, s := range h.History.Sums {
		if s.ConfirmedCount > 0 {
			out = append(out, fmt.Sprintf("Paid %s in 90 days, together %s.", counted(int(s.ConfirmedCount), "time"), money.Of(s.Confirmed, s.Currency)))
		}
	}
	if h.History.Denied > 0 {
		out = append(out, counted(int(h.History.Denied), "request")+" denied in 90 days.")
	}
	return out
}

// endings counts how similar requests ended, such as "2 approved, 1 denied".
func (h Held) endings() string {
	var words []string
	for _, o := range endings[1:] {
		n := 0
		for _, p := range h.Precedents {
			if p.Ended == o.Value {
				n++
			}
		}
		if n > 0 {
			words = append(words, Count(n)+" "+o.Value)
		}
	}
	if len(h.Precedents) == 1 {
		return "The last one: " + h.Precedents[0].Ended
	}
	return "The last " + Count(len(h.Precedents)) + ": " + strings.Join(words, ", ")
}

// verdict is what somebody said, as a verb.
func (h Held) verdict(v spend.Vote) string {
	switch {
	case v.Verdict != spend.ForApproval:
		return "denied"
	case v.Amount > 0:
		return "approved up to " + h.Authorization.Money(v.Amount).String()
	}
	return "approved"
}

// voice is who said something, and what.
func (h Held) voice(v spend.Vote) string {
	if v.Comment == "" {
		return h.person(v.Member)
	}
	return h.person(v.Member) + ": “" + v.Comment + "”"
}
