package access_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getpurser/purser/internal/access"
)

func TestClientAddress(t *testing.T) {
	proxies, err := access.ParseProxies("10.0.0.0/8, 2001:db8::/32,127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, func(c *access.Config) { c.TrustedProxies = proxies })
	for name, c := range map[string]struct {
		peer string
		xff  []string
		want string
	}{
		"nobody between":         {"192.0.2.1:99", nil, "192.0.2.1"},
		"a lie":                  {"192.0.2.1:99", []string{"8.8.8.8"}, "192.0.2.1"},
		"one proxy":              {"10.1.1.1:99", []string{"192.0.2.1"}, "192.0.2.1"},
		"a lie before the proxy": {"10.1.1.1:99", []string{"8.8.8.8, 192.0.2.1"}, "192.0.2.1"},
		"two proxies":            {"10.1.1.1:99", []string{"192.0.2.1, 10.2.2.2"}, "192.0.2.1"},
		"two headers":            {"10.1.1.1:99", []string{"192.0.2.1", "10.2.2.2"}, "192.0.2.1"},
		"only proxies":           {"10.1.1.1:99", []string{"10.2.2.2"}, "10.2.2.2"},
		"garbage":                {"10.1.1.1:99", []string{"192.0.2.1, <script>"}, "10.1.1.1"},
		"nothing said":           {"10.1.1.1:99", []string{""}, "10.1.1.1"},
		"mapped":                 {"[::ffff:10.1.1.1]:99", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		"version 6":              {"[2001:db8::1]:99", []string{"2001:db9::7"}, "2001:db9::7"},
		"no address":             {"@", []string{"192.0.2.1"}, ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = c.peer
		for _, v := range c.xff {
			r.Header.Add("X-Forwarded-For", v)
		}
		if got := h.ClientAddress(r); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if _, err := access.ParseProxies("10.0.0.0/99"); err == nil {
		t.Error("a bad range was taken")
	}
}
