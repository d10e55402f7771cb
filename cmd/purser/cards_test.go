package main

import (
	"strings"
	"testing"
)

// TestCardsAtTheTerminal makes a card and uses it up by the command line alone.
// Its number is printed where it was asked for, and nowhere else.
func TestCardsAtTheTerminal(t *testing.T) {
	t.Parallel()
	d := owner(t, "cards@example.com")
	d.must(exitDone, "agents", "create", "buyer", "Buyer")
	d.must(exitDone, "policies", "create", d.file(policyDocument))
	d.env["PURSER_AGENT"] = "buyer"
	made := d.read(exitDone, "cards", "create", "200", "usd", "--name=GPU hours", "--controls="+d.file(`[{"type":"transaction_limit","amount":150}]`))
	id, pan := made["id"].(string), made["pan"].(string)
	if out := d.must(exitDone, "cards", "create", "5", "usd", "--single-use", "--metadata=po=1"); !strings.Contains(out, "pan ") || !strings.Contains(out, "cvv ") {
		t.Errorf("%s", out)
	}
	if out := d.must(exitDone, "cards", "reveal", id, "a shop without an API"); !strings.Contains(out, pan) {
		t.Errorf("%s", out)
	}
	swiped := d.read(exitDone, "sandbox", "cards", "authorize", id, "40", "--merchant=AWS")
	paid := swiped["authorization"].(map[string]any)["id"].(string)
	d.must(exitDenied, "sandbox", "cards", "authorize", id, "151", "--merchant=AWS")
	d.must(exitHeld, "sandbox", "cards", "authorize", id, "120", "--merchant=AWS")
	d.must(exitDone, "sandbox", "cards", "capture", id, paid, "--amount=30", "--final")
	d.must(exitConflict, "sandbox", "cards", "reverse", id, paid)
	d.must(exitDone, "sandbox", "cards", "refund", id, paid, "--amount=10", "--network-id=r1")
	d.must(exitDone, "sandbox", "cards", "dispute", id, paid)
	d.must(exitDone, "sandbox", "cards", "close-dispute", id, paid)
	d.must(exitDone, "sandbox", "cards", "force-post", id, "1", "--merchant=AWS")
	open := d.read(exitDone, "sandbox", "cards", "authorize", id, "3", "--merchant=AWS")["authorization"].(map[string]any)["id"].(string)
	d.must(exitDone, "sandbox", "cards", "expire", id, open)
	d.must(exitDone, "cards", "load", id, "1")
	d.must(exitRefused, "cards", "load", id, "1.001")
	d.must(exitDone, "cards", "update", id, "--name=More")
	d.must(exitDone, "cards", "freeze", id)
	d.must(exitDone, "cards", "unfreeze", id)
	var printed strings.Builder
	for _, command := range [][]string{{"list"}, {"get", id}, {"transactions", id}, {"cancel", id}} {
		printed.WriteString(d.must(exitDone, append([]string{"cards"}, command...)...))
	}
	if out := printed.String(); strings.Contains(out, pan) || !strings.Contains(out, pan[12:]) || !strings.Contains(out, "180.00") || !strings.Contains(out, "canceled") {
		t.Errorf("%s", out)
	}
	d.must(exitConflict, "cards", "delete", id)
}
