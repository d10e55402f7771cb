package stripe

import (
	"slices"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// wall is a card's controls as Stripe can hold them. It is the second wall and
// never the stricter one: what Stripe has no words for, or counts in other
// windows, is left to our answer.
type wall struct {
	categories, noCategories []string
	countries, noCountries   []string
	limits                   []limit
}

type limit struct {
	minor    int64
	interval string
}

// wallOf translates the controls of a card in a currency.
func wallOf(rules []policy.Rule, c money.Currency) (w wall) {
	for _, r := range rules {
		switch r.Type {
		case policy.MCCList:
			w.mcc(r)
		case policy.CountryList:
			w.country(r)
		case policy.TransactionLimit:
			w.limit(r.Amount, c, sdk.IssuingCardSpendingControlsSpendingLimitIntervalPerAuthorization, 1)
		case policy.Limit:
			w.window(r, c)
		}
	}
	// Stripe takes an allow list or a block list, not both; the allow list is the
	// higher wall.
	if w.categories != nil {
		w.noCategories = nil
	}
	if w.countries != nil {
		w.noCountries = nil
	}
	return w
}

func (w *wall) mcc(r policy.Rule) {
	var codes []span
	for _, v := range r.Values {
		s, ok := spanOf(strings.TrimSpace(v))
		if !ok {
			return
		}
		codes = append(codes, s)
	}
	if r.Mode == policy.Block {
		w.noCategories = append(w.noCategories, blocking(codes)...)
		return
	}
	if names, all := allowing(codes); all && w.categories == nil {
		w.categories = names // of two lists, either is wide enough
	}
}

func (w *wall) country(r policy.Rule) {
	names := make([]string, len(r.Values))
	for i, v := range r.Values {
		names[i] = strings.ToUpper(strings.TrimSpace(v))
	}
	switch {
	case r.Mode == policy.Block:
		w.noCountries = append(w.noCountries, names...)
	case w.countries == nil:
		w.countries = names
	}
}

// window translates a limit. Stripe's windows are of UTC, its week is not ours,
// and it knows no quarter: a window of its own touches two of ours at most, so
// twice the amount is never too little.
func (w *wall) window(r policy.Rule, c money.Currency) {
	interval, exact := map[meter.Period]sdk.IssuingCardSpendingControlsSpendingLimitInterval{
		meter.Day: "daily", meter.Week: "weekly", meter.Month: "monthly", meter.Year: "yearly", meter.Total: "all_time",
	}[r.Period], r.Zone == "UTC" && r.Period != meter.Week || r.Period == meter.Total
	if interval == "" {
		return
	}
	times := int64(2)
	if exact {
		times = 1
	}
	w.limit(r.Amount, c, interval, times)
}

func (w *wall) limit(a money.Amount, c money.Currency, i sdk.IssuingCardSpendingControlsSpendingLimitInterval, times int64) {
	if a.Currency == c {
		w.limits = append(w.limits, limit{a.Minor * times, string(i)})
	}
}

// names gives a list for Stripe: one that is empty empties what is there.
func names(list []string) []*string {
	list = slices.Compact(slices.Sorted(slices.Values(list)))
	out := make([]*string, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// created is the wall of a new card.
func (w wall) created() *sdk.IssuingCardCreateSpendingControlsParams {
	p := &sdk.IssuingCardCreateSpendingControlsParams{}
	if w.categories != nil {
		p.AllowedCategories = names(w.categories)
	}
	if w.noCategories != nil {
		p.BlockedCategories = names(w.noCategories)
	}
	if w.countries != nil {
		p.AllowedMerchantCountries = names(w.countries)
	}
	if w.noCountries != nil {
		p.BlockedMerchantCountries = names(w.noCountries)
	}
	for _, l := range w.limits {
		p.SpendingLimits = append(p.SpendingLimits, &sdk.IssuingCardCreateSpendingControlsSpendingLimitParams{Amount: &l.minor, Interval: &l.interval})
	}
	return p
}

// updated is the wall put in the place of another: what it has not is emptied.
func (w wall) updated() *sdk.IssuingCardUpdateSpendingControlsParams {
	p := &sdk.IssuingCardUpdateSpendingControlsParams{AllowedCategories: names(w.categories), BlockedCategories: names(w.noCategories),
		AllowedMerchantCountries: names(w.countries), BlockedMerchantCountries: names(w.noCountries),
		SpendingLimits: []*sdk.IssuingCardUpdateSpendingControlsSpendingLimitParams{}}
	for _, l := range w.limits {
		p.SpendingLimits = append(p.SpendingLimits, &sdk.IssuingCardUpdateSpendingControlsSpendingLimitParams{Amount: &l.minor, Interval: &l.interval})
	}
	return p
}
