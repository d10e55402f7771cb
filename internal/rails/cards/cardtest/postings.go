package cardtest

func captures() []Scenario {
	first := Step{Do: Swipe, ID: "a", Minor: 10000, Want: want("ok", 10000, 10000, 0, 10000)}
	return []Scenario{
		{Name: "captured in parts", Load: 20000, Steps: []Step{first,
			{Do: Capture, ID: "b", Of: "a", Minor: 4000, Want: want("ok", 10000, 6000, 4000, 6000)},
			{Do: Capture, ID: "b", Of: "a", Minor: 4000, Want: want("ok", 10000, 6000, 4000, 6000)},
			{Do: Capture, ID: "c", Of: "a", Minor: 1000, Final: true, Want: want("ok", 15000, 0, 5000, 0)},
			{Do: Reverse, ID: "d", Of: "a", Want: want("authorization_confirmed", 15000, 0, 5000, 0)},
		}},
		{Name: "a tip within and above the tolerance", Load: 20000, Steps: []Step{
			{Do: Swipe, ID: "a", Minor: 10000, At: Diner, Want: want("ok", 10000, 10000, 0, 10000)},
			{Do: Capture, ID: "b", Of: "a", Minor: 12000, Want: want("ok", 8000, 0, 12000, 0)},
			{Do: Capture, ID: "c", Of: "a", Minor: 500, Want: want("ok", 7500, 0, 12500, 0)},
		}},
		{Name: "captured above everything", Load: 20000, Steps: []Step{first,
			{Do: Capture, ID: "b", Of: "a", Minor: 45000, Want: want("ok", -25000, 0, 45000, 0)},
			{Do: Swipe, ID: "c", Minor: 1, Want: want("limit_exceeded", -25000, 0, 45000, 0)},
			{Do: Refund, ID: "d", Of: "a", Minor: 40000, Want: want("ok", 15000, 0, 5000, 0)},
			{Do: Swipe, ID: "e", Minor: 15000, Want: want("ok", 0, 15000, 5000, 15000)},
		}},
		{Name: "captured after it ran out", Load: 20000, Steps: []Step{first,
			{Do: Expire, ID: "b", Of: "a", Want: want("ok", 20000, 0, 0, 0)},
			{Do: Expire, ID: "c", Of: "a", Want: want("authorization_expired", 20000, 0, 0, 0)},
			{Do: Capture, ID: "d", Of: "a", Minor: 9000, Want: want("ok", 11000, 0, 9000, 0)},
			{Do: Capture, ID: "d", Of: "a", Minor: 9000, Want: want("ok", 11000, 0, 9000, 0)},
		}},
		{Name: "settled without asking", Load: 20000, Steps: []Step{
			{Do: Force, ID: "a", Minor: 30000, Want: want("ok", -10000, 0, 30000, 0)},
			{Do: Force, ID: "a", Minor: 30000, Want: want("ok", -10000, 0, 30000, 0)},
			{Do: Swipe, ID: "b", Minor: 100, Want: want("insufficient_funds", -10000, 0, 30000, 0)},
			{Do: Refund, ID: "c", Of: "a", Minor: 30000, Want: want("ok", 20000, 0, 0, 0)},
		}},
	}
}

func returns() []Scenario {
	first := Step{Do: Swipe, ID: "a", Minor: 10000, Want: want("ok", 10000, 10000, 0, 10000)}
	taken := Step{Do: Capture, ID: "b", Of: "a", Want: want("ok", 10000, 0, 10000, 0)}
	return []Scenario{
		{Name: "reversed whole", Load: 20000, Steps: []Step{first,
			{Do: Reverse, ID: "b", Of: "a", Want: want("ok", 20000, 0, 0, 0)},
			{Do: Reverse, ID: "b", Of: "a", Want: want("ok", 20000, 0, 0, 0)},
			{Do: Reverse, ID: "c", Of: "a", Want: want("authorization_voided", 20000, 0, 0, 0)},
			{Do: Capture, ID: "d", Of: "a", Minor: 100, Want: want("authorization_voided", 20000, 0, 0, 0)},
			{Do: Refund, ID: "e", Of: "a", Minor: 100, Want: want("authorization_voided", 20000, 0, 0, 0)},
		}},
		{Name: "reversed in part, and above it", Load: 20000, Steps: []Step{first,
			{Do: Reverse, ID: "b", Of: "a", Minor: 4000, Want: want("ok", 14000, 6000, 0, 6000)},
			{Do: Reverse, ID: "c", Of: "a", Minor: 6001, Want: want("reversal_above_hold", 14000, 6000, 0, 6000)},
			{Do: Capture, ID: "d", Of: "a", Minor: 1000, Want: want("ok", 14000, 5000, 1000, 5000)},
			{Do: Reverse, ID: "e", Of: "a", Want: want("ok", 19000, 0, 1000, 0)},
		}},
		{Name: "refunded, and above it", Load: 20000, Steps: []Step{first, taken,
			{Do: Refund, ID: "c", Of: "a", Minor: 2500, Want: want("ok", 12500, 0, 7500, 0)},
			{Do: Refund, ID: "c", Of: "a", Minor: 2500, Want: want("ok", 12500, 0, 7500, 0)},
			{Do: Refund, ID: "d", Of: "a", Minor: 7501, Want: want("refund_above_capture", 12500, 0, 7500, 0)},
			{Do: Refund, ID: "e", Of: "a", Want: want("ok", 20000, 0, 0, 0)},
			{Do: Refund, ID: "f", Of: "a", Want: want("refund_above_capture", 20000, 0, 0, 0)},
		}},
		{Name: "disputed and won", Load: 20000, Steps: []Step{first,
			{Do: Dispute, ID: "x", Of: "a", Want: want("authorization_pending", 10000, 10000, 0, 10000)}, taken,
			{Do: DisputeWon, ID: "y", Of: "a", Want: want("dispute_not_open", 10000, 0, 10000, 0)},
			{Do: Dispute, ID: "c", Of: "a", Minor: 10001, Want: want("refund_above_capture", 10000, 0, 10000, 0)},
			{Do: Dispute, ID: "d", Of: "a", Minor: 6000, Want: want("ok", 10000, 0, 10000, 0)},
			{Do: Dispute, ID: "e", Of: "a", Want: want("dispute_open", 10000, 0, 10000, 0)},
			{Do: DisputeWon, ID: "f", Of: "a", Want: want("ok", 16000, 0, 4000, 0)},
			{Do: DisputeWon, ID: "f", Of: "a", Want: want("ok", 16000, 0, 4000, 0)},
			{Do: DisputeLost, ID: "g", Of: "a", Want: want("dispute_not_open", 16000, 0, 4000, 0)},
		}},
		{Name: "disputed and lost", Load: 20000, Steps: []Step{first, taken,
			{Do: Dispute, ID: "c", Of: "a", Want: want("ok", 10000, 0, 10000, 0)},
			{Do: DisputeLost, ID: "d", Of: "a", Want: want("ok", 10000, 0, 10000, 0)},
			{Do: Dispute, ID: "e", Of: "a", Want: want("ok", 10000, 0, 10000, 0)},
		}},
	}
}

func endings() []Scenario {
	first := Step{Do: Swipe, ID: "a", Minor: 10000, Want: want("ok", 10000, 10000, 0, 10000)}
	over := func(code string, wallet, held, spent, reserved int64) Want {
		return want(code, 0, held, spent, reserved).wallet(wallet).status("canceled")
	}
	return []Scenario{
		{Name: "canceled with an open hold", Load: 20000, Steps: []Step{first,
			{Do: Cancel, Want: over("ok", 10000, 10000, 0, 10000)},
			{Do: Cancel, Want: over("card_canceled", 10000, 10000, 0, 10000)},
			{Do: Freeze, Want: over("card_canceled", 10000, 10000, 0, 10000)},
			{Do: Swipe, ID: "b", Minor: 100, Want: over("card_canceled", 10000, 10000, 0, 10000)},
			{Do: Capture, ID: "c", Of: "a", Minor: 7000, Final: true, Want: over("ok", 7000, 0, 7000, 0)},
			{Do: Refund, ID: "d", Of: "a", Minor: 2000, Want: over("ok", 5000, 0, 5000, 0)},
		}},
		{Name: "canceled, and reversed after it", Load: 20000, Steps: []Step{first,
			{Do: Cancel, Want: over("ok", 10000, 10000, 0, 10000)},
			{Do: Reverse, ID: "b", Of: "a", Minor: 4000, Want: over("ok", 6000, 6000, 0, 6000)},
			{Do: Expire, ID: "c", Of: "a", Want: over("ok", 0, 0, 0, 0)},
		}},
		{Name: "single use", Load: 20000, SingleUse: true, Steps: []Step{
			{Do: Swipe, ID: "z", Minor: 30000, Want: want("approval_required", 20000, 0, 0, 30000)},
			{Do: Deny, Of: "z", Want: want("ok", 20000, 0, 0, 0)}, first,
			{Do: Swipe, ID: "b", Minor: 100, Want: want("card_used", 10000, 10000, 0, 10000)},
			{Do: Capture, ID: "c", Of: "a", Minor: 2000, Want: want("ok", 10000, 8000, 2000, 8000)},
			{Do: Capture, ID: "d", Of: "a", Minor: 6000, Final: true, Want: over("ok", 8000, 0, 8000, 0)},
			{Do: Swipe, ID: "e", Minor: 100, Want: over("card_canceled", 8000, 0, 8000, 0)},
			{Do: Refund, ID: "f", Of: "a", Want: over("ok", 0, 0, 0, 0)},
		}},
		{Name: "single use, reversed", Load: 20000, SingleUse: true, Steps: []Step{first,
			{Do: Reverse, ID: "b", Of: "a", Want: over("ok", 0, 0, 0, 0)},
		}},
	}
}
