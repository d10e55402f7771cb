package main

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5"
)

// config is every setting, read once and checked. The tags name the variables
// of those that need no more than that.
type config struct {
	Port int
	// BaseURL is where people and programs reach us, without a trailing slash.
	BaseURL *url.URL
	// Loopback is true when BaseURL is reachable from this machine only.
	Loopback bool
	DataDir  string `env:"DATA_DIR" envDefault:".data"`
	// DatabaseURL is empty when we run our own PostgreSQL. OwnerURL migrates.
	DatabaseURL string `env:"DATABASE_URL"`
	OwnerURL    string `env:"DATABASE_OWNER_URL"`
	// RedisURL is empty when limits are counted in memory.
	RedisURL string `env:"REDIS_URL"`
	// SMTPURL is empty when mail goes to the development mailbox, or nowhere
	// because people sign in with Clerk.
	SMTPURL    string `env:"SMTP_URL"`
	MailFrom   string `env:"MAIL_FROM"`
	SigningAlg string `env:"SIGNING_ALG" envDefault:"RS256"`
	// Sealing is the key-encryption key, 32 bytes; nil means the file's.
	Sealing []byte
	Clerk   clerkConfig
	// Webhooks is what their deliveries may reach.
	Webhooks webhookConfig
	Cards    cardsConfig
	Stripe   stripeConfig
	// MetricsAddr is empty when no metrics are served.
	MetricsAddr    string
	MetricsToken   string `env:"METRICS_TOKEN"`
	TracesURL      string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	LogLevel       slog.Level
	LogFormat      string `env:"LOG_FORMAT" envDefault:"text"`
	TrustedProxies []netip.Prefix
	raw            raw
}

// raw is what needs more than copying.
type raw struct {
	Port    string `env:"PORT" envDefault:"8080"`
	BaseURL string `env:"BASE_URL"`
	Sealing string `env:"KEY_ENCRYPTION_KEY"`
	Level   string `env:"LOG_LEVEL" envDefault:"info"`
	Proxies string `env:"TRUSTED_PROXIES"`
}

// readConfig reads the variables (NAME=value each) and names the first one that
// is wrong, with the rule. Values of secrets are not repeated.
func readConfig(environ []string) (config, error) {
	vars := variables(environ)
	var c config
	options := env.Options{Environment: vars}
	for _, part := range []any{&c, &c.raw, &c.Clerk, &c.Webhooks, &c.Cards, &c.Stripe} {
		if err := env.ParseWithOptions(part, options); err != nil {
			return c, fmt.Errorf("read the environment: %w", err)
		}
	}
	var set bool
	if c.MetricsAddr, set = vars["METRICS_ADDR"]; !set {
		c.MetricsAddr = "127.0.0.1:9464"
	}
	for _, check := range []func(*config) error{
		checkAddress, checkDatabase, checkRedis, checkMail, checkKeys, (*config).checkClerk,
		checkSignIn, checkMetrics, checkTraces, checkLogs, checkProxies, checkWebhooks, checkCards, checkStripe,
	} {
		if err := check(&c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// variables also knows Clerk's names with the prefix that a JavaScript frontend
// needs; the plain name wins.
func variables(environ []string) map[string]string {
	vars := env.ToMap(environ)
	for name, value := range vars {
		if plain, ok := strings.CutPrefix(name, "NEXT_PUBLIC_"); ok && strings.HasPrefix(plain, "CLERK_") && vars[plain] == "" {
			vars[plain] = value
		}
	}
	return vars
}

func wrong(variable, rule string, args ...any) error {
	return fmt.Errorf("%s: %s", variable, fmt.Sprintf(rule, args...))
}

func checkAddress(c *config) (err error) {
	if c.Port, err = strconv.Atoi(c.raw.Port); err != nil || c.Port < 1 || c.Port > 65535 {
		return wrong("PORT", "must be a whole number from 1 to 65535, not %q", c.raw.Port)
	}
	if c.raw.BaseURL == "" {
		c.raw.BaseURL = "http://localhost:" + c.raw.Port
	}
	u, err := url.Parse(strings.TrimSuffix(c.raw.BaseURL, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return wrong("BASE_URL", "must be http:// or https:// and a host, with nothing after it, such as https://purser.example.com")
	}
	c.BaseURL, c.Loopback = u, loopback(u.Hostname())
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func checkDatabase(c *config) error {
	if c.OwnerURL != "" && c.DatabaseURL == "" {
		return wrong("DATABASE_OWNER_URL", "needs DATABASE_URL beside it: the address that the server itself uses")
	}
	for name, value := range map[string]string{"DATABASE_URL": c.DatabaseURL, "DATABASE_OWNER_URL": c.OwnerURL} {
		if _, err := pgx.ParseConfig(value); value != "" && err != nil {
			return wrong(name, "must be an address such as postgres://user@host:5432/database")
		}
	}
	if c.OwnerURL == "" {
		c.OwnerURL = c.DatabaseURL
	}
	return nil
}

func checkRedis(c *config) error { return checkURL("REDIS_URL", c.RedisURL, "redis", "rediss") }

// checkURL accepts nothing at all, or an address with one of the schemes.
func checkURL(variable, value string, schemes ...string) error {
	u, err := url.Parse(value)
	if value != "" && (err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "") {
		return wrong(variable, "must be an address that starts with %s", strings.Join(schemes, ":// or ")+"://")
	}
	return nil
}

func checkMail(c *config) error {
	if err := checkURL("SMTP_URL", c.SMTPURL, "smtp", "smtps"); err != nil {
		return err
	}
	if c.MailFrom == "" {
		c.MailFrom = "Purser <purser@" + c.BaseURL.Hostname() + ">"
		return nil
	}
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		return wrong("MAIL_FROM", "must be a mail address such as Purser <purser@example.com>, not %q", c.MailFrom)
	}
	return nil
}

func checkKeys(c *config) (err error) {
	if !slices.Contains([]string{"RS256", "ES256", "EdDSA"}, c.SigningAlg) {
		return wrong("SIGNING_ALG", "must be RS256, ES256 or EdDSA, not %q", c.SigningAlg)
	}
	if c.raw.Sealing != "" {
		if c.Sealing, err = decodeKey(c.raw.Sealing); err != nil {
			return wrong("KEY_ENCRYPTION_KEY", "must be 32 bytes in base64 (make one with: openssl rand -base64 32)")
		}
	}
	c.raw.Sealing = ""
	return nil
}

func decodeKey(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(text), "="))
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err == nil && len(key) != 32 {
		err = fmt.Errorf("it has %d bytes, not 32", len(key))
	}
	return key, err
}

// checkSignIn refuses a server that nobody could ever sign in to.
func checkSignIn(c *config) error {
	if c.Loopback || c.SMTPURL != "" || c.Clerk.On() {
		return nil
	}
	return wrong("SMTP_URL", "is needed, or CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY: BASE_URL (%s) is public, "+
		"and without mail or Clerk nobody could sign in", c.BaseURL)
}

func checkMetrics(c *config) error {
	if c.MetricsAddr == "" {
		return nil
	}
	if err := checkListen("METRICS_ADDR", "no metrics", c.MetricsAddr); err != nil {
		return err
	}
	if host, _, _ := net.SplitHostPort(c.MetricsAddr); !loopback(host) && c.MetricsToken == "" {
		return wrong("METRICS_TOKEN", "is needed when METRICS_ADDR (%s) is not a loopback address: metrics are never public", c.MetricsAddr)
	}
	return nil
}

// checkListen accepts an address to listen on; none means what is named.
func checkListen(variable, none, value string) error {
	_, port, err := net.SplitHostPort(value)
	if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil {
		return wrong(variable, "must be host:port, or empty for %s, not %q", none, value)
	}
	return nil
}

func checkTraces(c *config) error {
	return checkURL("OTEL_EXPORTER_OTLP_ENDPOINT", c.TracesURL, "http", "https")
}

func checkLogs(c *config) error {
	if err := c.LogLevel.UnmarshalText([]byte(c.raw.Level)); err != nil {
		return wrong("LOG_LEVEL", "must be debug, info, warn or error, not %q", c.raw.Level)
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return wrong("LOG_FORMAT", "must be text or json, not %q", c.LogFormat)
	}
	return nil
}

func checkProxies(c *config) error {
	for _, item := range strings.Split(c.raw.Proxies, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(item)
		if ip, ipErr := netip.ParseAddr(item); err != nil && ipErr == nil {
			prefix, err = ip.Prefix(ip.BitLen())
		}
		if err != nil {
			return wrong("TRUSTED_PROXIES", "must be addresses or networks such as 10.0.0.0/8, separated by commas; %q is none", item)
		}
		c.TrustedProxies = append(c.TrustedProxies, prefix.Masked())
	}
	return nil
}
