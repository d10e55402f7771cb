package cards

import (
	"strconv"

	"github.com/getpurser/purser/internal/money"
)

// tolerance is what captures of a merchant's category usually take above the
// authorized amount, as networks allow it: a share in percent, or an amount in
// major units where the authorization is a mere look.
type tolerance struct {
	percent, major int64
}

// tolerances are for tips, fuel, and what is added to a stay or a rental.
var tolerances = map[string]tolerance{
	"5811": {percent: 20}, "5812": {percent: 20}, "5813": {percent: 20}, "5814": {percent: 20}, // caterers, restaurants, bars, fast food
	"4121": {percent: 20}, "7230": {percent: 20}, "7298": {percent: 20}, // taxis, hairdressers, spas
	"7011": {percent: 15}, "7512": {percent: 15}, "4411": {percent: 15}, // hotels, rental cars, cruises
	"5541": {major: 175}, "5542": {major: 175}, // fuel, also at the pump
}

// above is the part of a capture that neither the authorized amount nor the
// merchant's tolerance explains, in minor units. taken was captured before.
func above(mcc string, authorized, taken int64, capture money.Amount) int64 {
	t := tolerances[mcc]
	most := authorized + authorized/100*t.percent + authorized%100*t.percent/100
	if fuel, err := money.ParseOrZero(strconv.FormatInt(t.major, 10), capture.Currency); err == nil {
		most = max(most, fuel.Minor)
	}
	total, _ := money.AddMinor(taken, capture.Minor)
	return min(capture.Minor, max(0, total-most))
}
