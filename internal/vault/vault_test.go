package vault_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/vault"
)

func open(t *testing.T, fill byte) *vault.Vault {
	t.Helper()
	v, err := vault.New(bytes.Repeat([]byte{fill}, vault.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSealedNumberOpensWhereItBelongs(t *testing.T) {
	t.Parallel()
	v, other := open(t, 1), open(t, 2)
	number, err := vault.NewNumber()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal(t.Context(), number, "card 1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := v.Seal(t.Context(), number, "card 1")
	if err != nil || bytes.Equal(sealed, again) {
		t.Fatalf("the same number was sealed the same way twice (%v)", err)
	}
	if bytes.Contains(sealed, []byte(number)) {
		t.Fatal("the number is readable")
	}
	if got, err := open(t, 1).Open(t.Context(), sealed, "card 1"); err != nil || got != number {
		t.Errorf("%v", err)
	}
	if _, err := v.Open(t.Context(), sealed, "card 2"); err == nil {
		t.Error("a number opens for another card")
	}
	if _, err := other.Open(t.Context(), sealed, "card 1"); err == nil {
		t.Error("a number opens under another key")
	}
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if _, err := v.Open(t.Context(), broken, "card 1"); err == nil {
			t.Fatalf("byte %d does not matter", i)
		}
	}
}

func TestLookupNeedsTheKey(t *testing.T) {
	t.Parallel()
	const number = "9999000000000004"
	if !bytes.Equal(open(t, 1).Lookup(number), open(t, 1).Lookup(number)) {
		t.Error("a number has two hashes")
	}
	if bytes.Equal(open(t, 1).Lookup(number), open(t, 2).Lookup(number)) {
		t.Error("the hash has no key")
	}
	if _, err := vault.New(make([]byte, 16)); err == nil {
		t.Error("a short key was taken")
	}
}

func TestNumbersPassLuhn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		n, err := vault.NewNumber()
		if err != nil || len(n) != 16 || !vault.Valid(n) || !vault.OurRange(n) || seen[n] {
			t.Fatal(n, err)
		}
		seen[n] = true
	}
	// Numbers that networks publish for tests.
	for n, valid := range map[string]bool{"4242424242424242": true, "4000056655665556": true, "378282246310005": true, "6011111111111117": true,
		"4242424242424241": false, "": false, "0": false, "42424242424242 42": false, "424242424242424a": false} {
		if vault.Valid(n) != valid || vault.OurRange(n) {
			t.Errorf("%q", n)
		}
	}
}

// TestLuhnFindsSlips changes one digit, or swaps two neighbours: the check finds
// all of the first, and of the second all but 09 and 90.
func TestLuhnFindsSlips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, err := vault.NewNumber()
		if err != nil {
			t.Fatal(err)
		}
		slip := []byte(n)
		i := rapid.IntRange(0, len(n)-2).Draw(t, "at")
		if rapid.Bool().Draw(t, "swap") {
			slip[i], slip[i+1] = slip[i+1], slip[i]
			if slip[i] == slip[i+1] || slip[i]+slip[i+1] == '0'+'9' && (slip[i] == '0' || slip[i] == '9') {
				return
			}
		} else {
			slip[i] = '0' + (slip[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		}
		if vault.Valid(string(slip)) {
			t.Fatalf("%s passes as well as %s", slip, n)
		}
	})
}

func TestCodeFollowsFromNumberAndExpiry(t *testing.T) {
	t.Parallel()
	v := open(t, 1)
	const number = "9999000000000004"
	code := v.Code(number, 11, 2029)
	if len(code) != 3 || code != open(t, 1).Code(number, 11, 2029) || !v.CodeFits(code, number, 11, 2029) {
		t.Fatal(code)
	}
	differ := 0
	for month := 1; month <= 12; month++ {
		for year := 2030; year < 2040; year++ {
			if v.Code(number, month, year) != code {
				differ++
			}
		}
	}
	if differ < 110 {
		t.Errorf("%d of 120 expiries have another code", differ)
	}
	if v.CodeFits("", number, 11, 2029) || v.CodeFits(code+"0", number, 11, 2029) {
		t.Error("something else fits")
	}
}
