package reconcile

// usualCause says what most likely led to a difference that a check found, and
// what to do about it.
func usualCause(c Check) string {
	return map[Check]string{
		Meters: "Every decision writes its meters in its own transaction, so a meter was changed by other hands. What it leaves of limits is wrong until then.",
		Sums:   "A meter or an authorization was changed by other hands: both are written together, or not at all.",
		Approvals: "An authorization and its approval change in one transaction, so one of them was changed by other hands. " +
			"The audit log says what people decided.",
		Merchants: "The row that remembers the merchant was removed. Its next request counts as one of a new merchant.",
		Events:    "A row was changed past the gate, or an event was removed. The sealed audit log is what to trust.",
		Ledger:    "Balances and entries are written together, and the database refuses entries that do not add up: a row was changed by the database's owner.",
		Seal:      "An event was changed, removed or put in after it was sealed. Compare with a proof or an export from before.",
	}[c]
}
