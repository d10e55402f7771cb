package iso8583

import (
	"context"
	"strings"
	"time"

	iso "github.com/moov-io/iso8583"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/spend"
)

// The values of field 39 that the host gives by itself; those of a swipe are
// package cards'.
const (
	codeApproved    = "00"
	codeNotPossible = "12" // the state does not permit it
	codeBadAmount   = "13"
	codeNoSuchCard  = "14"
	codeNoOriginal  = "25"
	codeFormat      = "30"
	codeUnsupported = "40"
	codeTimeOut     = "91"
	codeSystem      = "96"
)

// verdict is what an answer says.
type verdict struct {
	code string
	// why is a code of the API for what is not approved.
	why string
	// approval is six characters that name the authorization.
	approval string
	cause    error
}

func coded(code string) verdict { return verdict{code: code} }

func approvedAs(a *spend.Authorization) verdict {
	v := coded(codeApproved)
	if a != nil {
		id := ident.Format(ident.Authorization, a.ID)
		v.approval = strings.ToUpper(id[len(id)-6:])
	}
	return v
}

// answer does what a message asks and packs the reply; nil where there is
// nothing to reply to, as a message is itself a reply.
func (h *Host) answer(ctx context.Context, m *message) []byte {
	kind, asks := replyKind(m.mti)
	if !asks {
		return nil
	}
	begun := time.Now()
	v := h.act(ctx, m)
	h.Log.InfoContext(ctx, "card network", "mti", m.mti, "network_id", m.id, "answer", v.code, "why", v.why, "took", time.Since(begun), "error", v.cause)
	out, err := h.pack(m, kind, v)
	if err != nil {
		h.Log.ErrorContext(ctx, "a card network's message has no answer", "mti", m.mti, "network_id", m.id)
		return nil
	}
	return out
}

// replyKind is the type of a reply: a request's and an advice's is the next
// one, and a repeat is answered as the first.
func replyKind(mti string) (string, bool) {
	switch mti[2] {
	case '0', '2':
		return mti[:2] + string(mti[2]+1) + "0", true
	default:
		return "", false
	}
}

func (h *Host) pack(m *message, kind string, v verdict) ([]byte, error) {
	out := iso.NewMessage(h.dialect)
	out.MTI(kind)
	for _, number := range echoed() {
		if !m.raw.Bitmap().IsSet(number) {
			continue
		}
		if err := out.Field(number, m.field(number)); err != nil {
			return nil, err
		}
	}
	why := v.why
	if len(why) > 25 {
		why = why[:25]
	}
	for number, value := range map[int]string{fieldCode: v.code, fieldApproval: v.approval, fieldAdditional: why} {
		if value == "" {
			continue
		}
		if err := out.Field(number, value); err != nil {
			return nil, err
		}
	}
	return out.Pack()
}

// act does what a message asks.
func (h *Host) act(ctx context.Context, m *message) verdict {
	do := h.what(m.mti)
	if do == nil {
		return coded(codeUnsupported)
	}
	if err := m.check(h.currencies); err != nil && m.mti[:2] != "08" {
		return verdict{code: codeFormat, cause: err}
	}
	return do(ctx, m)
}

// what finds what a type of message asks for. The last digit says who sends
// it and whether again, which changes nothing.
func (h *Host) what(mti string) func(context.Context, *message) verdict {
	switch mti[:3] {
	case "010":
		return h.authorize
	case "012":
		return h.advise
	case "022":
		return h.post
	case "040", "042":
		return h.reverse
	case "080":
		return func(context.Context, *message) verdict { return coded(codeApproved) }
	default:
		return nil
	}
}
