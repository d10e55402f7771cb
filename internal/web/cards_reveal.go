package web

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/static"
	"github.com/getpurser/purser/views"
)

// revealSeconds is how long a card's number stays on its page.
const revealSeconds = 30

func (v *visit) askReveal() error {
	c, err := v.theCard()
	if err != nil {
		return err
	}
	return v.showReveal(http.StatusOK, views.RevealPage{CardRow: c})
}

func (v *visit) showReveal(status int, page views.RevealPage) error {
	page.Seconds = revealSeconds
	f := v.titled("Show the number")
	if page.Secret != nil {
		f.Scripts = append(f.Scripts, views.Script{Src: static.URL("reveal.js")})
		f.Refresh = views.Refresh{Seconds: revealSeconds, To: f.At(views.CardPath(page.Card))}
	}
	return v.show(status, views.Reveal(f, page))
}

// reveal shows the number once, in the answer to the form and nowhere else.
func (v *visit) reveal() error {
	c, err := v.theCard()
	if err != nil {
		return err
	}
	page := views.RevealPage{CardRow: c, Reason: v.FormValue("reason"), Last4: v.typed("last4")}
	if page.Last4 != c.Card.Last4 {
		page.Wrong = views.Errors{Fields: map[string]string{"last4": "These are not the last four digits of this card."}}
		return v.showReveal(http.StatusUnprocessableEntity, page)
	}
	_, secret, err := v.web.cards.Reveal(v.ctx(), v.tenant(), v.actor(), c.ID, page.Reason)
	if err == nil {
		page.Secret = &secret
		return v.showReveal(http.StatusOK, page)
	}
	if f := fault.From(err); f.Code == "reveal_limited" {
		page.Later = laterWords(f.RetryAfter)
		v.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
		return v.showReveal(http.StatusTooManyRequests, page)
	}
	if page.Wrong, err = troubles(err); err != nil {
		return err
	}
	return v.showReveal(http.StatusUnprocessableEntity, page)
}

// laterWords says when a number can be looked at again.
func laterWords(after time.Duration) string {
	minutes := int(math.Ceil(after.Minutes()))
	return fmt.Sprintf("Numbers were looked at often just now: %d times for one card and %d times in all is the most. You can look again in %s.",
		cards.RevealsOfCard, cards.RevealsOfAll, policy.Counted(max(minutes, 1), "minute"))
}
