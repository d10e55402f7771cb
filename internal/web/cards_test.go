package web

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
)

// cardOf makes a card over the page, in test mode, and gives its address.
func (f *firm) cardOf(agent, amount string, more ...string) string {
	f.t.Helper()
	form := f.owner.open("/test/cards/new").want(http.StatusOK)
	made := form.submit("#new-card", append([]string{"agent", agent, "wallet", optionOf(form, "#field-wallet", "USD"), "amount", amount}, more...)...)
	f.owner.open(made.want(http.StatusSeeOther).to()) // which takes the message
	return made.to()
}

// lenient is a firm whose agent may spend in test mode up to 100.00, with
// people asked above 50.00.
func lenient(t *testing.T) *firm {
	t.Helper()
	f := newFirm(t)
	f.testAdmin.agent("buyer")
	f.testAdmin.policy("All", `[{"type":"transaction_limit","amount":100,"currency":"usd"},{"type":"approval_threshold","amount":50,"currency":"usd"}]`)
	return f
}

func TestACardIsMade(t *testing.T) {
	t.Parallel()
	f := lenient(t)
	if empty := f.owner.open("/test/cards").want(http.StatusOK); !strings.Contains(empty.text("main"), "There is no card yet") || !empty.has("a[href='/test/cards/new']") {
		t.Errorf("%s", brief(empty))
	}
	card := f.cardOf("buyer", "200", "name", "Cloud", "merchants", "AWS", "day", "80", "countries", "US, DE", "count", "3", "window_n", "1", "window_unit", "d",
		"from", "08:00", "to", "24:00", "single_use", "yes")
	page := f.viewer.open(card).want(http.StatusOK)
	for _, want := range []string{"Cloud", "200.00 USD", "buyer", "AWS", "80.00 USD a day", "Once: after the first", "This card may make 3 requests"} {
		if !strings.Contains(page.text("main"), want) {
			t.Errorf("nothing says %q: %s", want, page.text("main"))
		}
	}
	if got := f.owner.open("/test/wallets").text("[data-wallet=usd]"); !strings.Contains(got, "9,800.00 USD") {
		t.Errorf("the wallet: %s", got)
	}
	listed := f.viewer.open("/test/cards?status=active&agent=buyer")
	if len(listed.all("[data-card]")) != 1 || listed.has("a[href='/test/cards/new']") {
		t.Errorf("%s", brief(listed))
	}
	if none := f.viewer.open("/test/cards?status=frozen"); !strings.Contains(none.text("main"), "Nothing matches") {
		t.Errorf("%s", brief(none))
	}
	if wrong := f.viewer.get("/test/cards?agent=nobody").want(http.StatusUnprocessableEntity); !strings.Contains(wrong.text("#field-agent-error"), "no such agent") {
		t.Errorf("%s", brief(wrong))
	}
	f.viewer.get("/test/cards?before=nothing").want(http.StatusNotFound)
	if moved := f.owner.open(attribute(page.find("a[href*='account=acct_']"), "href")).want(http.StatusOK); !strings.Contains(moved.text("main"), "Loaded on a card") {
		t.Errorf("%s", brief(moved))
	}
}

// TestWhatIsWrongWithACard is said at its field, with what was typed.
func TestWhatIsWrongWithACard(t *testing.T) {
	t.Parallel()
	f := lenient(t)
	f.testAdmin.agent("other")
	f.owner.open("/test/wallets").submit("#top-up", "amount", "5", "currency", "usd", "agent", "other").want(http.StatusSeeOther)
	form := f.owner.open("/test/cards/new")
	company, theirs := optionOf(form, "#field-wallet", "Company: 10,000.00 USD"), optionOf(form, "#field-wallet", "other: 5.00 USD")
	right := map[string]string{"agent": "buyer", "wallet": company, "amount": "20", "name": "typed"}
	for at, wrong := range map[string][2]string{
		"#field-agent-error":      {"agent", "nobody"},
		"#field-wallet-error":     {"wallet", theirs},
		"#field-amount-error":     {"amount", "20.001"},
		"#field-mccs-error":       {"mccs", "7372, 73x"},
		"#field-countries-error":  {"countries", "Germany"},
		"#field-day-error":        {"day", "much"},
		"#field-window_n-error":   {"count", "3"},
		"#new-card [role=alert]":  {"amount", "20000"},
		"#field-name-error":       {"name", strings.Repeat("x", 201)},
		"#field-to-error":         {"from", "08:00"},
		"#field-not_mccs-error":   {"not_mccs", "1"},
		"#field-merchants-error ": {"merchants", strings.Repeat("x", 300)},
	} {
		sent := map[string]string{}
		for k, v := range right {
			sent[k] = v
		}
		sent[wrong[0]] = wrong[1]
		var pairs []string
		for k, v := range sent {
			pairs = append(pairs, k, v)
		}
		a := form.submit("#new-card", pairs...).want(http.StatusUnprocessableEntity)
		if a.text(at) == "" || attribute(a.find("#field-name"), "value") != sent["name"] {
			t.Errorf("%v: %s", wrong, a.text("#new-card"))
		}
	}
	if got := len(f.owner.open("/test/cards").all("[data-card]")); got != 0 {
		t.Errorf("%d cards were made", got)
	}
}

// TestACardIsChanged: what the form has no field for stays.
func TestACardIsChanged(t *testing.T) {
	t.Parallel()
	f := lenient(t)
	card := f.cardOf("buyer", "20", "mccs", "7372", "from", "08:00", "to", "18:00", "days", "mon")
	if _, err := f.pool.Exec(t.Context(), `UPDATE cards SET controls = (controls::jsonb || '[{"type":"mcc","mode":"allow","values":["5734"]}]'::jsonb)::json`); err != nil {
		t.Fatal(err)
	}
	form := f.admin.open(card + "/edit").want(http.StatusOK)
	if attribute(form.find("#field-mccs"), "value") != "7372" || attribute(form.find("#field-to"), "value") != "18:00" || !strings.Contains(form.text("main"), "5734") {
		t.Errorf("%s", form.text("#edit-card"))
	}
	wrong := form.submit("#edit-card", "name", "New", "each", "x").want(http.StatusUnprocessableEntity)
	if wrong.text("#field-each-error") == "" || attribute(wrong.find("#field-each"), "value") != "x" {
		t.Errorf("%s", wrong.text("#edit-card"))
	}
	saved := form.submit("#edit-card", "name", "New", "each", "15", "mccs", "").follow()
	got := saved.text("ul[aria-label=Controls]")
	if !strings.Contains(saved.text("h1"), "New") || !strings.Contains(got, "above 15.00 USD") || strings.Contains(got, "7372") || !strings.Contains(got, "5734") || !strings.Contains(got, "08:00") {
		t.Errorf("%s", got)
	}
}

// TestTwoChangeACard: who saves second sees what the first one saved, loses
// nothing of theirs, and decides.
func TestTwoChangeACard(t *testing.T) {
	t.Parallel()
	f := lenient(t)
	card := f.cardOf("buyer", "20")
	form := f.admin.open(card + "/edit")
	f.owner.open(card+"/edit").submit("#edit-card", "day", "5").want(http.StatusSeeOther)
	form = form.submit("#edit-card", "each", "x").want(http.StatusUnprocessableEntity)
	late := form.submit("#edit-card", "name", "Mine", "each", "15").want(http.StatusConflict)
	if notice := late.text("#edit-card [role=alert]"); !strings.Contains(notice, "5.00 USD a day") || attribute(late.find("#field-each"), "value") != "15" || attribute(late.find("#field-name"), "value") != "Mine" {
		t.Errorf("%s", late.text("#edit-card"))
	}
	if now := f.viewer.open(card).text("ul[aria-label=Controls]"); !strings.Contains(now, "5.00 USD a day") || strings.Contains(now, "15.00") {
		t.Errorf("before the second save: %s", now)
	}
	late.submit("#edit-card").want(http.StatusSeeOther)
	if now := f.viewer.open(card).text("ul[aria-label=Controls]"); strings.Contains(now, "a day") || !strings.Contains(now, "15.00") {
		t.Errorf("after it: %s", now)
	}
}

func TestACardIsFrozenLoadedAndCanceled(t *testing.T) {
	t.Parallel()
	f := lenient(t)
	card := f.cardOf("buyer", "20")
	page := f.owner.open(card)
	loaded := page.submit("#load", "amount", "30").follow()
	if got := loaded.text("#card-balance"); got != "50.00 USD" {
		t.Errorf("%s", got)
	}
	wrong := loaded.submit("#load", "amount", "1000000").want(http.StatusUnprocessableEntity)
	if !strings.Contains(wrong.text("#load [role=alert]"), "too little") || attribute(wrong.find("#field-load-amount"), "value") != "1000000" {
		t.Errorf("%s", wrong.text("#load"))
	}
	frozen := loaded.submit("form[action$='/freeze']").follow()
	if !strings.Contains(frozen.text("main"), "Frozen") || frozen.has("#load") || frozen.has("form[action$='/freeze']") {
		t.Errorf("%s", brief(frozen))
	}
	thawed := frozen.submit("form[action$='/unfreeze']").follow()
	ended := thawed.submit("form[action$='/cancel']").follow()
	if !strings.Contains(ended.text("main"), "Canceled") || ended.text("#card-balance") != "0.00 USD" || ended.has("form[action$='/cancel']") {
		t.Errorf("%s", brief(ended))
	}
	if again := f.owner.post(card + "/freeze").follow(); !strings.Contains(again.text("[role=status]"), "canceled") {
		t.Errorf("%s", brief(again))
	}
	if got := f.owner.open("/test/wallets").text("[data-wallet=usd]"); !strings.Contains(got, "10,000.00 USD") {
		t.Errorf("%s", got)
	}
}

var sixteen = regexp.MustCompile(`\d{4} \d{4} \d{4} \d{4}`)

// TestReveal wants a reason and the last four digits, shows the number once, and
// says kindly when it was enough.
func TestReveal(t *testing.T) {
	t.Parallel()
	f := lenient(t)
	card := f.cardOf("buyer", "20")
	form := f.admin.open(card + "/reveal").want(http.StatusOK)
	last4 := regexp.MustCompile(`Type (\d{4}) to`).FindStringSubmatch(form.text("#reveal"))[1]
	for at, sent := range map[string][]string{"#field-last4-error": {"reason", "to pay", "last4", "0000"}, "#field-reason-error": {"reason", " ", "last4", last4}} {
		if last4 == "0000" {
			sent[3] = "1111"
		}
		if a := form.submit("#reveal", sent...).want(http.StatusUnprocessableEntity); a.text(at) == "" || sixteen.MatchString(a.body) {
			t.Errorf("%s: %s", at, brief(a))
		}
	}
	shown := form.submit("#reveal", "reason", "to pay", "last4", last4).want(http.StatusOK)
	if !sixteen.MatchString(shown.text("#card-number")) || !strings.HasSuffix(shown.text("#card-number"), last4) || len(shown.text("#card-code")) != 3 ||
		shown.header.Get("Cache-Control") != "no-store" || attribute(shown.find("[data-secret]"), "data-secret") != "30" ||
		!strings.Contains(shown.body, fmt.Sprintf(`<noscript><meta http-equiv="refresh" content="30; url=%s"`, card)) {
		t.Errorf("%s", brief(shown))
	}
	for _, path := range []string{card, card + "/reveal", "/test/cards", "/test/audit", card + "/edit"} {
		if seen := f.admin.open(path); sixteen.MatchString(seen.text("main")) || strings.Contains(seen.body, strings.ReplaceAll(shown.text("#card-number"), " ", "")) {
			t.Errorf("%s has the number", path)
		}
	}
	if log := f.admin.open("/test/audit?type=card.revealed").text("main"); !strings.Contains(log, "showed the number of the card that ends in "+last4+" of buyer: to pay") {
		t.Errorf("the audit log: %s", log)
	}
	for range 4 {
		form.submit("#reveal", "reason", "to pay", "last4", last4).want(http.StatusOK)
	}
	enough := form.submit("#reveal", "reason", "to pay", "last4", last4).want(http.StatusTooManyRequests)
	if !strings.Contains(enough.text("[role=alert]"), "You can look again in") || enough.header.Get("Retry-After") == "" || sixteen.MatchString(enough.body) {
		t.Errorf("%s", brief(enough))
	}
	for _, b := range []*browser{f.viewer, f.approver} {
		b.get(card + "/reveal").want(http.StatusForbidden)
		b.post(card+"/reveal", "reason", "x", "last4", last4).want(http.StatusForbidden)
		if b.open(card).has("a[href$='/reveal']") {
			t.Error("the way to the number is shown to who may not see it")
		}
	}
}

// TestCardsOfOthers: another company's, the other mode's and another currency's
// id are the same as none.
func TestCardsOfOthers(t *testing.T) {
	t.Parallel()
	f := lenient(t)
	card := f.cardOf("buyer", "20")
	f.outsider.get(card).want(http.StatusNotFound)
	f.owner.get(strings.TrimPrefix(card, "/test")).want(http.StatusNotFound)
	f.owner.get(strings.Replace(card, "card_usd_", "card_eur_", 1)).want(http.StatusNotFound)
	for _, do := range []string{"/freeze", "/unfreeze", "/cancel", "/load", "/edit", "/reveal", "/swipe", "/post"} {
		f.outsider.post(card+do, "amount", "1", "last4", "1234", "reason", "x").want(http.StatusNotFound)
		f.viewer.post(card + do).want(http.StatusForbidden)
		if got := f.owner.post(card+do, "csrf", "wrong"); got.status != http.StatusForbidden {
			t.Errorf("%s without its mark: %d", do, got.status)
		}
	}
	if live := f.owner.open("/cards").want(http.StatusOK); !strings.Contains(live.text("main"), "a provider that the company connects") {
		t.Errorf("%s", brief(live))
	}
	if page := f.viewer.open(card); page.has("#swipe") || page.has("#load") || page.has("form[action$='/freeze']") {
		t.Error("a viewer is shown what they may not do")
	}
}

// issued makes a card past the pages, and gives its id: a live one as if its
// provider were connected.
func (f *firm) issued(live bool, agent string) string {
	f.t.Helper()
	if !live {
		return path.Base(f.cardOf(agent, "5"))
	}
	company, _ := ident.Parse(ident.Company, f.id)
	of, _ := ident.Parse(ident.Agent, agent)
	id := ident.New()
	_, err := f.pool.Exec(f.t.Context(), `INSERT INTO cards (company_id, live, card_id, agent_id, currency, provider, provider_ref, status, last4, exp_month, exp_year, wallet_owner, controls)
		VALUES ($1, true, $2, $3, 'usd', 'stripe', 'ic_1', 'active', '4242', 1, 2030, $4, '[]')`, company, id, of, uuid.Nil)
	f.must(err)
	return ident.FormatCard("usd", id)
}
