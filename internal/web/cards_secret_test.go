package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestNoPageHasACardsNumber opens every page after a card was used and its
// number looked at: only the reveal itself shows it.
func TestNoPageHasACardsNumber(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	things := f.things(false)
	api := f.session(f.owner, false)
	card := "/v1/cards/" + things["cards"]
	seen := api.do("POST", card+"/reveal", map[string]any{"reason": "canary"})
	pan, cvv := fmt.Sprint(seen["pan"]), fmt.Sprint(seen["cvv"])
	if len(pan) != 16 || len(cvv) != 3 {
		t.Fatalf("%v", seen)
	}
	api.do("POST", "/v1/sandbox"+strings.TrimPrefix(card, "/v1")+"/authorize", map[string]any{"amount": 1, "merchant": map[string]any{"name": "AWS"},
		"cvv": cvv, "exp_month": seen["exp_month"], "exp_year": seen["exp_year"]})
	// Three digits are everywhere; the code is looked for as it would be written.
	code := regexp.MustCompile(`(?i)(cvv|cvc|code)\W{1,12}` + cvv + `\b`)
	pages, ends := 0, 0
	for _, r := range f.web.routes() {
		if r.method != http.MethodGet || r.live || strings.HasSuffix(r.path, "/live") {
			continue
		}
		page := f.owner.get(r.at(t, things))
		pages++
		if strings.Contains(page.body, pan[12:]) {
			ends++
		}
		for _, secret := range []string{pan, pan[:4] + " " + pan[4:8] + " " + pan[8:12], pan[4:12]} {
			if strings.Contains(page.body, secret) {
				t.Errorf("%s has the number", page.path)
			}
		}
		if found := code.FindString(page.body); found != "" {
			t.Errorf("%s has the code: %s", page.path, found)
		}
	}
	if pages < 40 || ends < 3 {
		t.Errorf("%d pages, of which %d know the card: this test looks at too little", pages, ends)
	}
}
