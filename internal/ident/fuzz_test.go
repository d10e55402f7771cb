package ident

import (
	"strings"
	"testing"
)

// FuzzParseID holds that an id has one spelling, and that what reads as an id
// is never free for a handle.
func FuzzParseID(f *testing.F) {
	f.Add("agent_01jd3v7m4sfx1r5k0m7z2w8y9a")
	f.Add("agent_81jd3v7m4sfx1r5k0m7z2w8y9a")
	f.Add("AGENT_01JD3V7M4SFX1R5K0M7Z2W8Y9A")
	f.Add("card_eur_01jd3v7m4sfx1r5k0m7z2w8y9a")
	f.Fuzz(func(t *testing.T, s string) {
		if id, currency, ok := ParseCard(s); ok && (FormatCard(currency, id) != s || !LikeID(s)) {
			t.Fatalf("%q is not the only spelling of a card's id, or may be a handle", s)
		}
		prefix, _, _ := strings.Cut(s, "_")
		id, ok := Parse(Prefix(prefix), s)
		if !ok {
			return
		}
		if again := Format(Prefix(prefix), id); again != s {
			t.Fatalf("%q and %q are the same id", s, again)
		}
		switch Prefix(prefix) {
		case Company, Person, Member, Session, Agent, Policy, Authorization, Approval, Key, Event:
			if !LikeID(s) {
				t.Fatalf("%q may be a handle", s)
			}
		}
	})
}
