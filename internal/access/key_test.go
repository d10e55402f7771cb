package access_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

func TestKeyIsShownOnceAndWorks(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	for mode, form := range map[string]string{"live": `^ag_live_[0-9A-Za-z]{40,}$`, "test": `^ag_test_[0-9A-Za-z]{40,}$`} {
		k, secret := h.mustKey(owner, mode, "admin", "spend")
		if !regexp.MustCompile(form).MatchString(secret) || k.Prefix != secret[:16] {
			t.Errorf("%s, prefix %s", secret, k.Prefix)
		}
		p := h.who(secret)
		if p.Kind != access.ByKey || p.Key != k.ID || p.Tenant.Mode() != mode || p.Tenant.Company != owner.Tenant.Company ||
			!p.Can(access.ScopeRead) || p.Can(access.ScopeSettle) || p.Can(access.ScopeApprovals) || p.ActingRole() != company.Admin {
			t.Errorf("%+v", p)
		}
		if got := p.Actor("r").String(); got != ident.Format(ident.Key, k.ID) {
			t.Errorf("it acts as %s", got)
		}
		var stored string
		err := h.pool.QueryRow(t.Context(), "SELECT row_to_json(k)::text FROM api_keys k WHERE key_id = $1", k.ID).Scan(&stored)
		if err != nil || strings.Contains(stored, secret[16:]) || !strings.Contains(stored, "$2a$10$") {
			t.Errorf("stored as %s, %v", stored, err)
		}
	}
}

func TestKeyGrants(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	_, admin := h.member(owner, "admin@example.com", company.Admin)
	_, approver := h.member(owner, "approver@example.com", company.Approver)
	_, viewer := h.member(owner, "viewer@example.com", company.Viewer)
	_, adminSecret := h.mustKey(owner, "test", "admin")
	_, spendSecret := h.mustKey(owner, "test", "spend")
	adminKey, spendKey := h.who(adminSecret), h.who(spendSecret)
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	h.agent(ident.Tenant{Company: owner.Tenant.Company}, owner, "bot")

	for name, c := range map[string]struct {
		by   access.Principal
		in   access.NewKey
		code string
	}{
		"owner, settle":              {owner, access.NewKey{Scopes: []string{"settle"}}, ""},
		"owner, approvals":           {owner, access.NewKey{Scopes: []string{"approvals", "read"}}, ""},
		"owner, approvals and spend": {owner, access.NewKey{Scopes: []string{"approvals", "spend"}}, "scope_combination"},
		"owner, nothing":             {owner, access.NewKey{}, "required"},
		"owner, unknown":             {owner, access.NewKey{Scopes: []string{"root"}}, "scope_unknown"},
		"owner, expiring":            {owner, access.NewKey{Scopes: []string{"read"}, ExpiresAt: &soon}, ""},
		"owner, expired":             {owner, access.NewKey{Scopes: []string{"read"}, ExpiresAt: &past}, "not_in_future"},
		"owner, limits":              {owner, access.NewKey{Scopes: []string{"read"}, Limits: &access.Limits{PerMinute: 5000, InFlight: 7}}, ""},
		"owner, silly limits":        {owner, access.NewKey{Scopes: []string{"read"}, Limits: &access.Limits{PerMinute: -1}}, "out_of_range"},
		"owner, no such mode":        {owner, access.NewKey{Mode: "prod", Scopes: []string{"read"}}, "mode_unknown"},
		"owner, bound":               {owner, access.NewKey{Mode: "test", Scopes: []string{"spend", "read"}, Agent: "bot"}, ""},
		"owner, bound elsewhere":     {owner, access.NewKey{Mode: "live", Scopes: []string{"spend"}, Agent: "bot"}, "not_found"},
		"owner, bound admin":         {owner, access.NewKey{Mode: "test", Scopes: []string{"spend", "admin"}, Agent: "bot"}, "scope_combination"},
		"owner, bound reader":        {owner, access.NewKey{Mode: "test", Scopes: []string{"read"}, Agent: "bot"}, "scope_combination"},
		"admin, spend":               {admin, access.NewKey{Scopes: []string{"admin", "spend", "read"}}, ""},
		"admin, settle":              {admin, access.NewKey{Scopes: []string{"settle"}}, "scope_not_held"},
		"admin, limits":              {admin, access.NewKey{Scopes: []string{"read"}, Limits: &access.Limits{PerMinute: 5}}, "owner_required"},
		"approver, approvals":        {approver, access.NewKey{Scopes: []string{"approvals"}}, ""},
		"approver, read":             {approver, access.NewKey{Scopes: []string{"read"}}, "insufficient_scope"},
		"viewer":                     {viewer, access.NewKey{Scopes: []string{"read"}}, "insufficient_scope"},
		"admin key, admin":           {adminKey, access.NewKey{Scopes: []string{"admin"}}, ""},
		"admin key, spend":           {adminKey, access.NewKey{Scopes: []string{"spend"}}, "scope_not_held"},
		"admin key, approvals":       {adminKey, access.NewKey{Scopes: []string{"approvals"}}, "session_required"},
		"admin key, other mode":      {adminKey, access.NewKey{Mode: "live", Scopes: []string{"admin"}}, "wrong_mode"},
		"admin key, limits":          {adminKey, access.NewKey{Scopes: []string{"admin"}, Limits: &access.Limits{PerMinute: 5}}, "owner_required"},
		"spend key":                  {spendKey, access.NewKey{Scopes: []string{"spend"}}, "insufficient_scope"},
	} {
		k, _, err := h.key(c.by, c.in)
		switch {
		case c.code != "":
			if err == nil {
				t.Errorf("%s went through", name)
			} else {
				wantCode(t, err, c.code)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case slices.Contains(c.in.Scopes, "approvals") != (k.Member != nil) || (c.in.Agent != "") != (k.Agent != nil):
			t.Errorf("%s: %+v", name, k)
		}
	}
	stated := owner
	stated.ModeStated = true
	_, _, err := h.key(stated, access.NewKey{Mode: "test", Scopes: []string{"read"}})
	wantCode(t, err, "mode_mismatch")
}

func TestRevokedKeyIsDeadOnTheNextRequest(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	k, secret := h.mustKey(owner, "live", "read")
	h.who(secret)
	// Requests keep coming while the revocation is under way.
	stop := make(chan struct{})
	var traffic sync.WaitGroup
	for range 4 {
		traffic.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = h.ask(secret)
				}
			}
		})
	}
	if err := h.revoke(owner, k); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		_, err := h.ask(secret)
		wantCode(t, err, "invalid_api_key")
	}
	close(stop)
	traffic.Wait()
	wantCode(t, h.revoke(owner, k), "not_found")
	_, err := h.Key(t.Context(), owner, k.ID)
	wantCode(t, err, "not_found")
}

func TestRevocationThatIsRolledBackChangesNothing(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	k, secret := h.mustKey(owner, "live", "read")
	gone := context.Canceled
	err := h.try(func(ctx context.Context, tx pgx.Tx) error {
		if err := h.RevokeKey(ctx, tx, owner, "", k.ID); err != nil {
			return err
		}
		return gone
	})
	if err == nil {
		t.Fatal("it was committed")
	}
	h.who(secret)
}

func TestRevocationReachesOtherReplicasWithinASecond(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	silent := h.replica(company.New(h.pool))
	listening := h.replica(company.New(h.pool))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { listening.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	k, secret := h.mustKey(owner, "live", "read")
	for _, r := range []*access.Access{silent, listening} {
		if _, err := asks(r, secret); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.revoke(owner, k); err != nil {
		t.Fatal(err)
	}
	revoked := time.Now()
	for name, r := range map[string]*access.Access{"silent": silent, "listening": listening} {
		for {
			if _, err := asks(r, secret); err != nil {
				wantCode(t, err, "invalid_api_key")
				break
			}
			if time.Since(revoked) > time.Second {
				t.Fatalf("the %s replica still takes it after %v", name, time.Since(revoked))
			}
		}
	}
}

func TestKeysDieWithWhatTheyStandFor(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	a := h.agent(owner.Tenant, owner, "bot")
	_, bound, err := h.key(owner, access.NewKey{Mode: "live", Scopes: []string{"spend"}, Agent: "bot"})
	if err != nil {
		t.Fatal(err)
	}
	if p := h.who(bound); p.Agent == nil || *p.Agent != a.ID {
		t.Errorf("%+v", p)
	}
	_, member := h.member(owner, "ada@example.com", company.Approver)
	_, approvals, err := h.key(member, access.NewKey{Scopes: []string{"approvals", "read"}})
	if err != nil {
		t.Fatal(err)
	}
	if p := h.who(approvals); p.Member != member.Member || p.Person != member.Person || p.Role != company.Approver || !p.Can(access.ScopeApprovals) {
		t.Errorf("%+v", p)
	}
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.companies.SetRole(ctx, tx, owner.Tenant, owner.Actor(""), company.Owner, member.Member, company.Viewer)
		return err
	})
	if p := h.who(approvals); p.Can(access.ScopeApprovals) || !p.Can(access.ScopeRead) {
		t.Errorf("a viewer's key may %v", p.Scopes)
	}
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		if _, err := h.companies.DeleteAgent(ctx, tx, owner.Tenant, owner.Actor(""), "bot"); err != nil {
			return err
		}
		return h.companies.Remove(ctx, tx, owner.Tenant, owner.Actor(""), company.Owner, member.Member)
	})
	for _, secret := range []string{bound, approvals} {
		_, err := h.ask(secret)
		wantCode(t, err, "invalid_api_key")
	}
}

func TestKeyExpires(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	at := time.Now().Add(time.Hour)
	k, secret, err := h.key(owner, access.NewKey{Scopes: []string{"read"}, ExpiresAt: &at})
	if err != nil {
		t.Fatal(err)
	}
	h.who(secret) // now known, so that hashing does not blur the moment
	err = h.pool.QueryRow(t.Context(), "UPDATE api_keys SET expires_at = clock_timestamp() + interval '2 s' WHERE key_id = $1 RETURNING expires_at",
		k.ID).Scan(&at)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	h.who(secret) // read again: from here on the end is known
	time.Sleep(time.Until(at) + time.Millisecond)
	_, err = h.ask(secret)
	wantCode(t, err, "invalid_api_key")
	_, valid, err := h.Validate(t.Context(), secret, "192.0.2.1")
	if valid || err != nil {
		t.Errorf("%v, %v", valid, err)
	}
}

func TestReroll(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	_, admin := h.member(owner, "admin@example.com", company.Admin)
	reroll := func(p access.Principal, k access.Key, grace time.Duration) (next access.Key, secret string, err error) {
		err = h.try(func(ctx context.Context, tx pgx.Tx) error {
			next, secret, err = h.RerollKey(ctx, tx, p, "", k.ID, grace)
			return err
		})
		return next, secret, err
	}
	h.agent(owner.Tenant, owner, "bot")
	at := time.Now().Add(24 * time.Hour)
	k, secret, err := h.key(owner, access.NewKey{Name: "n", Scopes: []string{"spend", "read"}, Agent: "bot", ExpiresAt: &at,
		Limits: &access.Limits{PerMinute: 7}})
	if err != nil {
		t.Fatal(err)
	}
	h.who(secret)
	next, nextSecret, err := reroll(admin, k, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if next.Name != "n" || *next.Agent != *k.Agent || !slices.Equal(next.Scopes, k.Scopes) || next.Limits.PerMinute != 7 || !next.ExpiresAt.Equal(*k.ExpiresAt) {
		t.Errorf("%+v", next)
	}
	h.who(secret) // within the grace
	h.who(nextSecret)
	old, err := h.Key(t.Context(), owner, k.ID)
	if err != nil || old.RerolledTo == nil || *old.RerolledTo != next.ID || time.Until(*old.ExpiresAt) > time.Hour {
		t.Errorf("%+v, %v", old, err)
	}
	_, _, err = reroll(admin, k, 0)
	wantCode(t, err, "key_rerolled")
	if _, _, err := reroll(admin, next, 0); err != nil { // no grace
		t.Fatal(err)
	}
	_, err = h.ask(nextSecret)
	wantCode(t, err, "invalid_api_key")
	_, _, err = reroll(admin, next, 8*24*time.Hour)
	wantCode(t, err, "out_of_range")

	// Rerolling hands out the key's rights: one must have them.
	settle, _ := h.mustKey(owner, "live", "settle")
	_, _, err = reroll(admin, settle, 0)
	wantCode(t, err, "scope_not_held")
	approvals, _ := h.mustKey(owner, "live", "approvals")
	_, _, err = reroll(admin, approvals, 0)
	wantCode(t, err, "not_your_key")
	if _, _, err := reroll(owner, approvals, 0); err != nil {
		t.Error(err)
	}
}

func TestKeysOfOthersAreMissing(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	live, _ := h.mustKey(owner, "live", "read")
	test, testSecret := h.mustKey(owner, "test", "admin", "read")
	_, stranger := h.found("Other")
	testKey := h.who(testSecret)
	for name, p := range map[string]access.Principal{"another company": stranger, "another mode": testKey} {
		if _, err := h.Key(t.Context(), p, live.ID); err == nil {
			t.Errorf("%s sees it", name)
		}
		wantCode(t, h.revoke(p, live), "not_found")
	}
	keys, err := h.Keys(t.Context(), owner, nil, company.Page{Limit: 10})
	if err != nil || len(keys) != 2 || keys[0].ID != test.ID {
		t.Errorf("an owner sees %+v, %v", keys, err)
	}
	if keys, err = h.Keys(t.Context(), testKey, nil, company.Page{Limit: 10}); err != nil || len(keys) != 1 {
		t.Errorf("a test key sees %+v, %v", keys, err)
	}
}

func TestLastUseIsWrittenDown(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	k, secret := h.mustKey(owner, "live", "read")
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx) })
	h.who(secret)
	cancel()
	running.Wait()
	got, err := h.Key(t.Context(), owner, k.ID)
	if err != nil || got.LastUsedAt == nil || time.Since(*got.LastUsedAt) > time.Minute {
		t.Errorf("%+v, %v", got, err)
	}
}
