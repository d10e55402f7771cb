package sign_test

import (
	"encoding/base64"
	"strings"
	"time"
)

// claims are signed with the real key, but say what does not hold here, or
// not now.
func (f forger) claims() []forgery {
	now := time.Now().Unix()
	set := func(name string, v any) string {
		return f.own(f.header(), f.payload(func(m map[string]any) { m[name] = v }))
	}
	without := func(name string) string {
		return f.own(f.header(), f.payload(func(m map[string]any) { delete(m, name) }))
	}
	return []forgery{
		{"wrong aud", set("aud", "https://evil.test"), "token_wrong_audience"},
		{"aud of test mode", set("aud", audience+"/test"), "token_wrong_audience"},
		{"aud by prefix", set("aud", audience[:len(audience)-1]), "token_wrong_audience"},
		{"aud among others", set("aud", []string{audience, "https://evil.test"}), "token_wrong_audience"},
		{"empty aud", set("aud", []string{}), invalid},
		{"no aud", without("aud"), invalid},
		{"wrong iss", set("iss", "https://evil.test"), "token_wrong_issuer"},
		{"iss of test mode", set("iss", issuer+"/test"), "token_wrong_issuer"},
		{"no iss", without("iss"), invalid},
		{"no exp", without("exp"), invalid},
		{"null exp", set("exp", nil), invalid},
		{"exp in the past", set("exp", now-60), "token_expired"},
		{"negative exp", set("exp", -1), "token_expired"},
		{"exp as a string", set("exp", "4102444800"), invalid},
		{"exp as a fraction", set("exp", 4102444800.5), invalid},
		{"exp beyond every calendar", f.own(f.header(), strings.Replace(f.same(), `"exp":`, `"exp":1e300,"_":`, 1)), invalid},
		{"exp in another case", f.own(f.header(), strings.Replace(f.same(), `"exp"`, `"Exp"`, 1)), invalid},
		{"nbf in the future", set("nbf", now+600), "token_not_yet_valid"},
		{"iat in the future", set("iat", now+600), "token_not_yet_valid"},
		{"nbf as a string", set("nbf", "0"), invalid},
		{"a duplicate claim", f.own(f.header(), strings.Replace(f.same(), "{", `{"amount":"1.00",`, 1)), invalid},
		{"a second document in the payload", f.own(f.header(), f.same()+`{"amount":"1"}`), invalid},
		{"a payload that is an array", f.own(f.header(), "["+f.same()+"]"), invalid},
		{"a payload that is null", f.own(f.header(), "null"), invalid},
		{"an empty payload", f.own(f.header(), ""), invalid},
		{"amount of another type", set("amount", 249.99), invalid},
	}
}

// encodings are a good token, written in another way or damaged.
func (f forger) encodings() []forgery {
	good := token(f.t, f.keys)
	parts := strings.Split(good, ".")
	join := func(a, b, c string) string { return a + "." + b + "." + c }
	standard := func(s string) string {
		raw, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			f.t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(raw)
	}
	payload := f.payload(func(m map[string]any) { m["amount"] = "9999.99" })
	out := []forgery{
		{"nothing", "", invalid}, {"dots", "..", invalid},
		{"two segments", parts[0] + "." + parts[1], invalid},
		{"four segments", good + "." + parts[2], invalid},
		{"a fifth of an encrypted token", good + "..", invalid},
		{"a dot at the end", good + ".", invalid},
		{"no signature", join(parts[0], parts[1], ""), invalid},
		{"half a signature", join(parts[0], parts[1], parts[2][:len(parts[2])/2]), invalid},
		{"the signature of zeroes", join(parts[0], parts[1], strings.Repeat("A", len(parts[2]))), invalid},
		{"padded signature", good + "=", invalid}, {"twice padded", good + "==", invalid},
		{"standard base64", join(standard(parts[0]), standard(parts[1]), standard(parts[2])), invalid},
		{"padded header", join(parts[0]+"=", parts[1], parts[2]), invalid},
		{"a line break inside", join(parts[0], parts[1][:9]+"\n"+parts[1][9:], parts[2]), invalid},
		{"a line break at the end", good + "\n", invalid}, {"a space before", " " + good, invalid},
		{"a zero byte", good + "\x00", invalid}, {"Bearer before", "Bearer " + good, invalid},
		{"loose last bits", loosen(good), invalid},
		{"a swapped payload", join(parts[0], base64.RawURLEncoding.EncodeToString([]byte(payload)), parts[2]), invalid},
		{"too long", good + strings.Repeat("A", 10<<10), invalid},
		{"JSON serialization", `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`, invalid},
	}
	return out
}

// loosen changes the unused low bits of the last character: another spelling
// of the same signature.
func loosen(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last^1])
}
