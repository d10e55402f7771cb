package cardtest

import "github.com/getpurser/purser/internal/policy"

// Scenarios is every story.
func Scenarios() []Scenario {
	var out []Scenario
	for _, some := range [][]Scenario{decisions(), approvals(), captures(), returns(), endings()} {
		out = append(out, some...)
	}
	return out
}

// want is Want on an active card of 200.00 that has come from the wallet whole.
func want(code string, balance, held, spent, reserved int64) Want {
	return Want{Code: code, Balance: balance, Held: held, Wallet: 20000, Spent: spent, Reserved: reserved}
}

func (w Want) status(s string) Want {
	w.Status = s
	return w
}

func (w Want) wallet(minor int64) Want {
	w.Wallet = minor
	return w
}

func decisions() []Scenario {
	untouched := func(code string) Want { return want(code, 20000, 0, 0, 0) }
	casino := policy.Merchant{Name: "Casino Royale", MCC: "7995", Country: "MC"}
	return []Scenario{
		{Name: "approved, declined for a policy, and for what is on the card", Load: 20000, Steps: []Step{
			{Do: Swipe, ID: "a", Minor: 5000, Want: want("ok", 15000, 5000, 0, 5000)},
			{Do: Swipe, ID: "b", Minor: 100, At: casino, Want: want("merchant_blocked", 15000, 5000, 0, 5000)},
			{Do: Swipe, ID: "c", Minor: 15000, Want: want("ok", 0, 20000, 0, 20000)},
			{Do: Swipe, ID: "d", Minor: 1, Want: want("insufficient_funds", 0, 20000, 0, 20000)},
			{Do: Swipe, ID: "a", Minor: 5000, Want: want("ok", 0, 20000, 0, 20000)},
			{Do: Swipe, ID: "b", Minor: 100, At: casino, Want: want("merchant_blocked", 0, 20000, 0, 20000)},
		}},
		{Name: "the card's own rules", Load: 20000, Controls: `[{"type":"mcc","mode":"allow","values":["7372","5812"]},{"type":"country","mode":"block","values":["DE"]},
			{"type":"transaction_limit","amount":60},{"type":"limit","period":"day","amount":100},{"type":"velocity","window":"1h","count":3}]`, Steps: []Step{
			{Do: Swipe, ID: "a", Minor: 100, At: casino, Want: untouched("mcc_not_allowed")},
			{Do: Swipe, ID: "b", Minor: 100, At: Diner, Want: untouched("country_blocked")},
			{Do: Swipe, ID: "c", Minor: 6001, Want: untouched("transaction_limit")},
			{Do: Swipe, ID: "d", Minor: 6000, Want: want("ok", 14000, 6000, 0, 6000)},
			{Do: Swipe, ID: "e", Minor: 4001, Want: want("limit_exceeded", 14000, 6000, 0, 6000)},
			{Do: Swipe, ID: "f", Minor: 3000, Want: want("ok", 11000, 9000, 0, 9000)},
			{Do: Reverse, ID: "r", Of: "f", Want: want("ok", 14000, 6000, 0, 6000)},
			{Do: Swipe, ID: "g", Minor: 4000, Want: want("ok", 10000, 10000, 0, 10000)},
			{Do: Capture, ID: "p", Of: "g", Minor: 4000, Want: want("ok", 10000, 6000, 4000, 6000)},
			{Do: Refund, ID: "q", Of: "g", Minor: 4000, Want: want("ok", 14000, 6000, 0, 6000)},
			{Do: Swipe, ID: "h", Minor: 100, Want: want("velocity_exceeded", 14000, 6000, 0, 6000)},
		}},
		{Name: "frozen, and free again", Load: 20000, Steps: []Step{
			{Do: Swipe, ID: "a", Minor: 1000, Want: want("ok", 19000, 1000, 0, 1000)},
			{Do: Freeze, Want: want("ok", 19000, 1000, 0, 1000).status("frozen")},
			{Do: Swipe, ID: "b", Minor: 1000, Want: want("card_frozen", 19000, 1000, 0, 1000).status("frozen")},
			{Do: Capture, ID: "c", Of: "a", Want: want("ok", 19000, 0, 1000, 0).status("frozen")},
			{Do: Unfreeze, Want: want("ok", 19000, 0, 1000, 0)},
			{Do: Swipe, ID: "d", Minor: 1000, Want: want("ok", 18000, 1000, 1000, 1000)},
		}},
		{Name: "what is printed on the card", Load: 20000, Steps: []Step{
			{Do: Swipe, ID: "a", Minor: 1000, WrongCVV: true, Want: untouched("wrong_cvv")},
			{Do: Swipe, ID: "b", Minor: 1000, WrongExpiry: true, Want: untouched("wrong_expiry")},
			{Do: Swipe, ID: "c", Minor: 1000, Want: want("ok", 19000, 1000, 0, 1000)},
		}},
	}
}

func approvals() []Scenario {
	waits := want("approval_required", 20000, 0, 0, 16000)
	return []Scenario{
		{Name: "held, approved, asked again and captured", Load: 20000, Steps: []Step{
			{Do: Swipe, ID: "a", Minor: 16000, Want: waits},
			{Do: Swipe, ID: "b", Minor: 16000, Want: waits},
			{Do: Swipe, ID: "a", Minor: 16000, Want: waits},
			{Do: Approve, Of: "a", Want: want("ok", 20000, 0, 0, 16000)},
			{Do: Swipe, ID: "c", Minor: 16000, At: Diner, Want: want("approval_required", 20000, 0, 0, 32000)},
			{Do: Deny, Of: "c", Want: want("ok", 20000, 0, 0, 16000)},
			{Do: Swipe, ID: "d", Minor: 16000, Want: want("ok", 4000, 16000, 0, 16000)},
			{Do: Capture, ID: "e", Of: "d", Want: want("ok", 4000, 0, 16000, 0)},
			{Do: Swipe, ID: "f", Minor: 16000, Want: want("approval_required", 4000, 0, 16000, 16000)},
		}},
		{Name: "held, approved, and asked for less", Load: 20000, Steps: []Step{
			{Do: Swipe, ID: "a", Minor: 16000, Want: waits},
			{Do: Capture, ID: "b", Of: "a", Minor: 16000, Want: want("authorization_held", 20000, 0, 0, 16000)},
			{Do: Approve, Of: "a", Want: want("ok", 20000, 0, 0, 16000)},
			{Do: Capture, ID: "c", Of: "a", Minor: 16000, Want: want("not_presented", 20000, 0, 0, 16000)},
			{Do: Swipe, ID: "d", Minor: 15500, Want: want("ok", 4500, 15500, 0, 15500)},
		}},
		{Name: "held and denied", Load: 20000, Steps: []Step{
			{Do: Swipe, ID: "a", Minor: 16000, Want: waits},
			{Do: Deny, Of: "a", Want: want("ok", 20000, 0, 0, 0)},
			{Do: Capture, ID: "b", Of: "a", Minor: 16000, Want: want("authorization_denied", 20000, 0, 0, 0)},
			{Do: Swipe, ID: "c", Minor: 16000, Want: waits},
		}},
		{Name: "approved, and then frozen", Load: 20000, Steps: []Step{
			{Do: Swipe, ID: "a", Minor: 16000, Want: waits},
			{Do: Approve, Of: "a", Want: want("ok", 20000, 0, 0, 16000)},
			{Do: Freeze, Want: want("ok", 20000, 0, 0, 16000).status("frozen")},
			{Do: Swipe, ID: "b", Minor: 16000, Want: want("card_frozen", 20000, 0, 0, 16000).status("frozen")},
			{Do: Unfreeze, Want: want("ok", 20000, 0, 0, 16000)},
			{Do: Swipe, ID: "c", Minor: 16000, Want: want("ok", 4000, 16000, 0, 16000)},
		}},
	}
}
