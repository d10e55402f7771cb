package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const publishable = "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k" // clerk.example.com$

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := readConfig([]string{"PORT=9000", "REDIS_URL="})
	if err != nil {
		t.Fatal(err)
	}
	if c.Port != 9000 || c.BaseURL.String() != "http://localhost:9000" || !c.Loopback || c.DataDir != ".data" ||
		c.SigningAlg != "RS256" || c.MetricsAddr != "127.0.0.1:9464" || c.Clerk.On() || c.MailFrom == "" {
		t.Errorf("got %+v", c)
	}
}

func TestGoodSettings(t *testing.T) {
	t.Parallel()
	c, err := readConfig([]string{"BASE_URL=https://purser.example.com/", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY=" + publishable,
		"CLERK_SECRET_KEY=sk_test_abc", "NEXT_PUBLIC_CLERK_AFTER_SIGN_IN_URL=/home", "METRICS_ADDR=",
		"DATABASE_URL=postgres://app@db/x", "DATABASE_OWNER_URL=postgres://owner@db/x", "SIGNING_ALG=EdDSA",
		"KEY_ENCRYPTION_KEY=" + base64.URLEncoding.EncodeToString([]byte(strings.Repeat("\xff", 32))),
		"TRUSTED_PROXIES=10.0.0.0/8, ::1", "LOG_LEVEL=warn", "LOG_FORMAT=json"})
	if err != nil {
		t.Fatal(err)
	}
	k := c.Clerk
	if !k.On() || k.IssuerURI != "https://clerk.example.com" || k.JWKSURI != "https://clerk.example.com/.well-known/jwks.json" ||
		k.AfterSignInURL != "/home" || k.SignInURL != "/sign-in" {
		t.Errorf("clerk %+v", k)
	}
	if k.JSURL != "https://clerk.example.com/npm/@clerk/clerk-js@6/dist/clerk.browser.js" || k.UIURL != "https://clerk.example.com/npm/@clerk/ui@1/dist/ui.browser.js" ||
		k.AccountsURL != "https://accounts.example.com" || k.proxied {
		t.Errorf("clerk's pages %+v", k)
	}
	if c.BaseURL.String() != "https://purser.example.com" || c.Loopback || c.MetricsAddr != "" || len(c.Sealing) != 32 ||
		len(c.TrustedProxies) != 2 || c.TrustedProxies[1].Bits() != 128 || c.OwnerURL != "postgres://owner@db/x" {
		t.Errorf("got %+v", c)
	}
}

// TestBadSettings wants one line each, which names the variable, says the rule
// and repeats no secret.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		settings, variable, rule string
	}{
		{"PORT=0", "PORT", "1 to 65535"},
		{"PORT=http", "PORT", "1 to 65535"},
		{"BASE_URL=localhost:8080", "BASE_URL", "http://"},
		{"BASE_URL=https://a.example/path", "BASE_URL", "nothing after it"},
		{"BASE_URL=https://a.example", "SMTP_URL", "nobody could sign in"},
		{"BASE_URL=https://a.example SMTP_URL=smtp://m.example WEBHOOK_ALLOW_LOOPBACK=true", "WEBHOOK_ALLOW_LOOPBACK", "development server"},
		{"BASE_URL=http://192.168.1.4:8080", "SMTP_URL", "nobody could sign in"},
		{"DATABASE_URL=mysql://u:hunter2@h/d", "DATABASE_URL", "postgres://"},
		{"DATABASE_OWNER_URL=postgres://u@h/d", "DATABASE_OWNER_URL", "needs DATABASE_URL"},
		{"DATABASE_URL=postgres://u@h/d DATABASE_OWNER_URL=postgres://u:hunter2@%zz", "DATABASE_OWNER_URL", "postgres://"},
		{"REDIS_URL=http://h", "REDIS_URL", "redis://"},
		{"SMTP_URL=mail.example.com:25", "SMTP_URL", "smtp://"},
		{"MAIL_FROM=nobody", "MAIL_FROM", "mail address"},
		{"SIGNING_ALG=HS256", "SIGNING_ALG", "RS256, ES256 or EdDSA"},
		{"KEY_ENCRYPTION_KEY=aHVudGVyMg==", "KEY_ENCRYPTION_KEY", "32 bytes"},
		{"CLERK_SECRET_KEY=sk_test_hunter2", "CLERK_PUBLISHABLE_KEY", "set both, or neither"},
		{"CLERK_PUBLISHABLE_KEY=" + publishable, "CLERK_SECRET_KEY", "set both, or neither"},
		{"CLERK_PUBLISHABLE_KEY=" + publishable + " CLERK_SECRET_KEY=hunter2", "CLERK_SECRET_KEY", "sk_test_"},
		{"CLERK_PUBLISHABLE_KEY=pk_test_zz CLERK_SECRET_KEY=sk_test_hunter2", "CLERK_PUBLISHABLE_KEY", "CLERK_ISSUER_URI"},
		{"CLERK_PUBLISHABLE_KEY=" + publishable + " CLERK_SECRET_KEY=sk_test_a CLERK_JWKS_URI=x", "CLERK_JWKS_URI", "https://"},
		{"CLERK_PUBLISHABLE_KEY=" + publishable + " CLERK_SECRET_KEY=sk_test_a CLERK_SIGN_IN_URL=//evil.example", "CLERK_SIGN_IN_URL", "path"},
		{"CLERK_PUBLISHABLE_KEY=" + publishable + " CLERK_SECRET_KEY=sk_test_a CLERK_JS_URL=//evil.example/x.js", "CLERK_JS_URL", "path"},
		{"CLERK_PUBLISHABLE_KEY=" + publishable + " CLERK_SECRET_KEY=sk_test_a CLERK_ACCOUNTS_URL=x", "CLERK_ACCOUNTS_URL", "https://"},
		{"CLERK_PUBLISHABLE_KEY=" + publishable + " CLERK_SECRET_KEY=sk_test_a CLERK_JS_DIR=/nowhere", "CLERK_JS_DIR", "node_modules/@clerk"},
		{"METRICS_ADDR=9464", "METRICS_ADDR", "host:port"},
		{"METRICS_ADDR=0.0.0.0:9464", "METRICS_TOKEN", "never public"},
		{"CARD_NETWORK_ADDR=8583", "CARD_NETWORK_ADDR", "host:port"},
		{"BASE_URL=https://a.example SMTP_URL=smtp://m.example CARD_NETWORK_ADDR=0.0.0.0:8583", "CARD_NETWORK_ADDR", "loopback"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"},
		{"LOG_LEVEL=loud", "LOG_LEVEL", "debug, info, warn or error"},
		{"LOG_FORMAT=xml", "LOG_FORMAT", "text or json"},
		{"TRUSTED_PROXIES=10.0.0.0/8,proxy", "TRUSTED_PROXIES", "proxy"},
	} {
		_, err := readConfig(strings.Fields(test.settings))
		if err == nil {
			t.Errorf("%s was accepted", test.settings)
			continue
		}
		line := err.Error()
		if !strings.HasPrefix(line, test.variable+":") || !strings.Contains(line, test.rule) ||
			strings.Contains(line, "\n") || strings.Contains(line, "hunter2") {
			t.Errorf("%s: %s", test.settings, line)
		}
	}
}

func TestSealingKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	c := config{DataDir: filepath.Join(t.TempDir(), "data")}
	var keys [8][]byte
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = sealingKey(c); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if len(k) != 32 || string(k) != string(keys[0]) {
			t.Fatalf("keys differ: %x and %x", k, keys[0])
		}
	}
	path := filepath.Join(c.DataDir, "key-encryption-key")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sealingKey(c); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatalf("a damaged key gave %v", err)
	}
}
