package api

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/money"
)

// TestWrittenIsEncoded fills every field of an authorization by chance, ten
// thousand times: what is written by hand is what its types say, to the byte.
func TestWrittenIsEncoded(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		var v Authorization
		fill(chance, reflect.ValueOf(&v).Elem())
		want, err := encode(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := v.written(); err != nil || string(got) != string(want) {
			t.Fatalf("%v\n%s\nwanted\n%s", err, got, want)
		}
	}
	v := Authorization{Reason: "\xff"}
	if _, err := v.written(); err == nil {
		t.Error("broken UTF-8 was written")
	}
}

// fill sets what v holds to something that an answer can hold.
func fill(chance *rand.Rand, v reflect.Value) {
	texts := []string{"", "plain", "“limit” – 5,000.00 USD", `"token":null`, "a\\b\"c\n\t\x01\x7f", "<b>&\u2028\u2029</b>", "😀"}
	lists := []string{"[]", `[{"policy":"pol_1","version":3}]`, `[{"value":"<&>\u0001 \"ü\""}]`}
	switch p := v.Addr().Interface().(type) {
	case *money.Amount:
		*p = money.Of(chance.Int64N(1_000_000)-500_000, []money.Currency{"usd", "jpy", "kwd"}[chance.IntN(3)])
	case *time.Time:
		*p = time.Unix(chance.Int64N(4e9), chance.Int64N(1e6)*1000).UTC()
	case *payload[[]TraceStep]:
		p.raw = []byte(lists[chance.IntN(len(lists))])
	case *payload[[]Remedy]:
		p.raw = []byte(lists[chance.IntN(len(lists))])
	case *payload[[]VersionRef]:
		p.raw = []byte(lists[chance.IntN(len(lists))])
	case *maybe[ApprovalSummary]:
		if chance.IntN(2) == 0 {
			*p = some(ApprovalSummary{ID: "appr_1", Status: "open", Requirements: []Requirement{}, Votes: []Vote{{By: "mem_1", Comment: "<ok>"}}})
		}
	case *map[string]string:
		for range chance.IntN(4) {
			*p = map[string]string{texts[chance.IntN(len(texts))]: texts[chance.IntN(len(texts))], "b": "1", "a": "2"}
		}
	default:
		fillKind(chance, v, texts[chance.IntN(len(texts))])
	}
}

func fillKind(chance *rand.Rand, v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(chance.IntN(2) == 0)
	case reflect.Pointer:
		if chance.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(chance, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(chance, v.Field(i))
		}
	default:
		panic("an authorization has a " + v.Type().String())
	}
}

// BenchmarkWritten is what the gate pays for the text of one answer.
func BenchmarkWritten(b *testing.B) {
	trace := []byte(`[{"policy":"pol_01jd3v7m4sfx1r5k0m7z2w8y9a","version":1,"rule":"limit","index":0,"outcome":"pass","limit":5000.00,"used":1.00,"remaining":4998.00}]`)
	id, at := "auth_01jd3v7m4sfx1r5k0m7z2w8y9a", time.Unix(1_800_000_000, 123_456_000).UTC()
	v := Authorization{ID: &id, Decision: "APPROVED", Status: "pending", ReasonCode: "ok", Reason: "Within every limit", Agent: id,
		Amount: money.Of(100, "usd"), Currency: "usd", Merchant: Merchant{Name: "AWS", MCC: "7372", Country: "US", Domain: "aws.amazon.com"}, Rail: "api",
		ExpiresAt: &at, CreatedAt: at, Trace: payload[[]TraceStep]{raw: trace}, Remedies: payload[[]Remedy]{raw: []byte("[]")},
		RequestedAmount: money.Of(100, "usd"), Capture: "explicit", Purpose: "GPU hours for run 81", Policies: payload[[]VersionRef]{raw: []byte("[]")}, RequestedBy: id}
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = v.written()
		}
	})
	b.Run("encoded", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = encode(v)
		}
	})
}
