package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/lookalike"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

// maxSaid bounds a comment or a reason, in characters.
const maxSaid = 1000

func (v *visit) approve() error {
	return v.cast(spend.ForApproval, views.Decision{Amount: strings.TrimSpace(v.FormValue("amount")), Comment: v.FormValue("comment")})
}

func (v *visit) deny() error {
	return v.cast(spend.Against, views.Decision{Reason: v.FormValue("reason")})
}

// cast hands the gate the person's word about what they were shown. Where that
// is not the request any more, or the form is wrong, the request is shown again
// with what was typed.
func (v *visit) cast(verdict spend.Verdict, typed views.Decision) error {
	r, err := v.requested()
	if err != nil {
		return err
	}
	ballot, err := v.ballot(r, verdict, typed)
	if err == nil {
		r, err = v.web.spend.CastGroup(v.ctx(), v.call(), ballot)
	}
	if err != nil {
		return v.again(err, typed)
	}
	return v.said(r)
}

// ballot is what the form says. The amount of all that was asked for is told to
// the gate as that.
func (v *visit) ballot(r spend.Result, verdict spend.Verdict, typed views.Decision) (spend.Ballot, error) {
	b := spend.Ballot{Approval: r.Approval.ID, Verdict: verdict, Shown: v.FormValue("shown"),
		Voter: spend.Voter{Person: v.who.Person, Member: v.who.Member}}
	if b.Shown == "" {
		return b, fault.New(fault.Conflict, "approval_changed", "The form does not say what it showed.")
	}
	var err error
	if verdict == spend.Against {
		b.Comment, err = company.Prose("reason", typed.Reason, 0, maxSaid)
		return b, err
	}
	if typed.Amount == "" {
		return b, fault.BadField("amount", "required", "How much do you approve?")
	}
	if a := r.Authorization; typed.Amount != a.Money(a.Amount).Decimal() {
		amount := money.Number(typed.Amount)
		b.Amount = &amount
	}
	b.Comment, err = company.Prose("comment", typed.Comment, 0, maxSaid)
	return b, err
}

// again shows the request as it is now, instead of deciding it.
func (v *visit) again(err error, typed views.Decision) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Conflict && f.Kind != fault.Invalid && f.Kind != fault.Malformed {
		return err
	}
	h, readErr := v.heldByID()
	if readErr != nil {
		return readErr
	}
	status := http.StatusConflict
	if f.Kind == fault.Conflict {
		h.Form = views.Decision{Notice: notice(f, h), Comment: typed.Comment, Reason: typed.Reason}
	} else {
		status = http.StatusUnprocessableEntity
		if typed.Wrong, err = troubles(err); err != nil {
			return err
		}
		h.Form = typed
	}
	frame := v.withInbox(requestTitle(h))
	if v.isHTMX() {
		return v.show(status, views.HeldCard(frame, h))
	}
	return v.show(status, views.ApprovalPage(frame, h))
}

// notice says why nothing was decided.
func notice(f *fault.Error, h views.Held) string {
	switch f.Code {
	case "approval_changed":
		return "This request, or the rule that holds it, is not as you were shown it. Nothing was decided. This is how it is now."
	case "group_changed":
		return "The agent has asked for the same again since you were shown this. Nothing was decided here."
	case "already_voted":
		return "You have decided this already. Nothing was changed."
	}
	if h.Approval.Status != "pending" {
		return "This was " + h.Approval.Status + " before you said so. What you said changed nothing."
	}
	return f.Text
}

// said tells what came of the person's word.
func (v *visit) said(r spend.Result) error {
	text := outcome(r)
	if !v.isHTMX() {
		return v.to("/approvals", text)
	}
	if err := v.lookAround(); err != nil { // there is one less that waits
		return err
	}
	return v.show(http.StatusOK, views.Said(v.frame, views.Held{Result: r}, text))
}

// outcome is what a decision did, in a sentence or two.
func outcome(r spend.Result) string {
	a, merchant := r.Authorization, lookalike.Spelled(r.Authorization.Merchant.Name)
	asked := a.Money(a.Requested).String() + " to " + merchant
	var text string
	switch r.Approval.Status {
	case "approved":
		text = "Approved " + a.Money(a.Amount).String() + " to " + merchant + "."
		if a.Amount < a.Requested {
			text = "Approved " + a.Money(a.Amount).String() + " of the " + asked + "."
		}
	case "denied":
		text = "Denied " + asked + "."
	default:
		text = "Your approval of " + asked + " is counted. Others have to approve it too."
	}
	switch n := len(r.Superseded); n {
	case 0:
		return text
	case 1:
		return text + " 1 earlier request for the same is voided as superseded."
	default:
		return text + " " + strconv.Itoa(n) + " earlier requests for the same are voided as superseded."
	}
}
