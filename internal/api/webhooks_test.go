package api

import (
	"strings"
	"testing"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	body := map[string]any{"url": "http://127.0.0.1:1/hook", "events": []string{"agent.*", "agent.*", "key.revoked"}, "description": " Books "}
	once := f.admin.with("Idempotency-Key", "one")
	made := once.want(201, "", "POST", "/v1/webhooks", body)
	id, address := made.text("id"), "/v1/webhooks/"+made.text("id")
	if !strings.HasPrefix(id, "whk_") || !strings.HasPrefix(made.text("secret"), "whsec_") || made.size("events") != 2 || made.text("description") != "Books" ||
		made.text("enabled") != "true" || made.at("disabled_reason") != nil {
		t.Errorf("%s", made.body)
	}
	if again := once.want(201, "", "POST", "/v1/webhooks", body); again.text("id") != id || again.text("secret") != "" {
		t.Errorf("shown twice: %s", again.body)
	}
	for _, a := range []answer{f.admin.want(200, "", "GET", address, nil), f.admin.want(200, "", "GET", "/v1/webhooks", nil)} {
		if strings.Contains(string(a.body), "whsec_") {
			t.Errorf("the secret is shown: %s", a.body)
		}
	}
	all := f.admin.want(200, "", "PUT", address, map[string]any{"url": "http://127.0.0.1:1/other"})
	if all.text("events", 0) != "*" || all.size("events") != 1 || all.text("description") != "" || all.text("url") != "http://127.0.0.1:1/other" {
		t.Errorf("%s", all.body)
	}
	rotated := f.admin.want(200, "", "POST", address+"/rotate-secret", nil)
	if rotated.text("secret") == made.text("secret") || rotated.at("old_secret_until") == nil {
		t.Errorf("%s", rotated.body)
	}
	f.admin.want(200, "", "POST", address+"/rotate-secret", map[string]any{"grace_seconds": 0})
	f.admin.want(422, "", "POST", address+"/rotate-secret", map[string]any{"grace_seconds": 604801})
	test := f.admin.want(202, "", "POST", address+"/test", nil)
	if test.text("status") != "pending" || test.text("type") != "webhook.test" || test.at("event") != nil || test.at("next_attempt_at") == nil {
		t.Errorf("%s", test.body)
	}
	one := f.admin.want(200, "", "GET", "/v1/webhook-deliveries/"+test.text("id"), nil)
	if !strings.Contains(one.text("body"), `"position":-1`) || one.size("history") != 0 {
		t.Errorf("%s", one.body)
	}
	f.admin.want(202, "", "POST", "/v1/webhooks/deliveries/"+test.text("id")+"/replay", nil)
	if l := f.admin.want(200, "", "GET", address+"/deliveries?status=pending", nil); l.size("data") != 1 {
		t.Errorf("%s", l.body)
	}
	f.admin.want(422, "", "GET", address+"/deliveries?status=lost", nil)
	f.admin.want(200, "", "PUT", address, map[string]any{"url": "http://127.0.0.1:1/", "enabled": false})
	f.admin.want(409, "webhook_disabled", "POST", address+"/test", nil)
	f.admin.want(409, "webhook_disabled", "POST", "/v1/webhooks/deliveries/"+test.text("id")+"/replay", nil)
	f.admin.want(200, "", "DELETE", address, nil)
	f.admin.want(404, "not_found", "DELETE", address, nil)
	f.admin.want(404, "not_found", "GET", "/v1/webhook-deliveries/"+test.text("id"), nil)
	told := f.read.want(200, "", "GET", "/v1/audit?type=webhook.*", nil)
	var types []string
	for i := range told.size("data") {
		types = append(types, told.text("data", i, "type"))
	}
	if got := strings.Join(types, " "); got != "webhook.deleted webhook.updated webhook.secret_rotated webhook.secret_rotated webhook.updated webhook.created" {
		t.Errorf("the log has %s", got)
	}
	if strings.Contains(string(told.body), "whsec_") || strings.Contains(string(told.body), "/hook") {
		t.Errorf("the log says too much: %s", told.body)
	}
}

// TestAddressesOfWebhooks refuses what is not on the Internet, without repeating
// it.
func TestAddressesOfWebhooks(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	for _, address := range []string{"https://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/", "https://[fd00::1]/",
		"https://192.168.1.1:8443/", "https://100.64.0.1/", "https://0.0.0.0/", "https://2852039166/", "https://0xa9fea9fe/", "https://0251.0376.0251.0376/",
		"https://127.1/", "https://[64:ff9b::a9fe:a9fe]/", "https://metadata.google.internal/", "https://printer/", "https://[fe80::1%25eth0]/",
		"http://example.com/", "ftp://example.com/", "https://user:secret@example.com/", "https://example.com:99999/", "https://example.com/#x", "javascript:alert(1)", "//example.com", "x"} {
		a := f.admin.want(422, "", "POST", "/v1/webhooks", map[string]any{"url": address})
		if a.text("errors", 0, "location") != "body.url" || len(address) > 3 && strings.Contains(string(a.body), address) {
			t.Errorf("%s: %s", address, a.body)
		}
	}
	for _, events := range []any{[]string{"nonsense"}, []string{"*.created"}, []string{"authorization.app*"}, []string{""}, "agent.created"} {
		f.admin.want(422, "", "POST", "/v1/webhooks", map[string]any{"url": "http://127.0.0.1:1/", "events": events})
	}
	for range 20 {
		f.admin.want(201, "", "POST", "/v1/webhooks", map[string]any{"url": "http://127.0.0.1:1/"})
	}
	f.admin.want(409, "too_many_webhooks", "POST", "/v1/webhooks", map[string]any{"url": "http://127.0.0.1:1/"})
	f.live.want(201, "", "POST", "/v1/webhooks", map[string]any{"url": "http://127.0.0.1:1/"})
}
