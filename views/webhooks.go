package views

import (
	"slices"
	"strconv"
	"strings"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify/webhooks"
)

// Webhook is an endpoint as pages show it.
type Webhook struct{ webhooks.Endpoint }

func (w Webhook) publicID() string { return ident.Format(ident.Webhook, w.ID) }

func (w Webhook) path() string { return "/settings/webhooks/" + w.publicID() }

// state is what its badge says.
func (w Webhook) state() (Tone, string) {
	switch {
	case !w.Enabled && w.DisabledReason != "":
		return Bad, "disabled: it " + w.because()
	case !w.Enabled:
		return Plain, "disabled"
	case w.FailingSince != nil:
		return Attention, "failing"
	default:
		return Good, "enabled"
	}
}

// because is why the server disabled it, within a sentence.
func (w Webhook) because() string {
	if w.DisabledReason == webhooks.Gone {
		return "answered 410 Gone"
	}
	return "did nothing but fail for five days"
}

// hears is what it is told of, for people.
func (w Webhook) hears() string {
	if slices.Contains(w.Events, audit.Everything) {
		return "everything"
	}
	return strings.Join(w.Events, ", ")
}

// WebhooksPage is the list.
type WebhooksPage struct{ Webhooks []Webhook }

// WebhookForm is what an endpoint is made of, as it is typed.
type WebhookForm struct {
	Wrong            Errors
	URL, Description string
	// Families are those that are chosen, More any other types, one a line.
	Families []string
	More     string
	Enabled  bool
}

// FormOf is an endpoint as its form shows it.
func FormOf(w webhooks.Endpoint) WebhookForm {
	form := WebhookForm{URL: w.URL, Description: w.Description, Enabled: w.Enabled}
	var more []string
	for _, name := range w.Events {
		switch {
		case name == audit.Everything:
		case slices.ContainsFunc(families, func(o Option) bool { return o.Value == name }):
			form.Families = append(form.Families, name)
		default:
			more = append(more, name)
		}
	}
	form.More = strings.Join(more, "\n")
	return form
}

func (f WebhookForm) chosen(family string) bool { return slices.Contains(f.Families, family) }

// families are the types of events that a form offers.
var families = []Option{
	{"authorization.*", "Requests to spend, and what becomes of them"}, {"approval.*", "Votes"}, {"agent.*", "Agents"}, {"policy.*", "Policies"},
	{"company.*", "The company and its freeze"}, {"member.*", "Members"}, {"key.*", "API keys"}, {"webhook.*", "Webhooks"},
	{"ledger.*", "What is booked"},
}

// WebhookPage is one endpoint with its deliveries.
type WebhookPage struct {
	Webhook Webhook
	Form    WebhookForm
	// Wrong is what could not be done, besides the form.
	Wrong      Errors
	Status     webhooks.Status
	Deliveries []Delivery
	// Next is the address of older ones.
	Next string
}

// Delivery is one event on its way.
type Delivery struct{ webhooks.Delivery }

func (d Delivery) publicID() string { return ident.Format(ident.Delivery, d.ID) }

func (d Delivery) path() string { return "/settings/webhooks/deliveries/" + d.publicID() }

func (d Delivery) tone() Tone {
	switch d.Status {
	case webhooks.Delivered:
		return Good
	case webhooks.Failed:
		return Bad
	case webhooks.Pending:
		return Attention
	default:
		return Plain
	}
}

// tries says how often it was tried.
func (d Delivery) tries() string {
	switch d.Attempts {
	case 0:
		return "not tried yet"
	case 1:
		return "1 attempt"
	default:
		return strconv.Itoa(d.Attempts) + " attempts"
	}
}

// answered is what came of an attempt, in a few words.
func answered(a webhooks.Attempt) string {
	if a.Status == 0 {
		return "no answer"
	}
	return strconv.Itoa(a.Status)
}

func attemptTone(a webhooks.Attempt) Tone {
	if a.Trouble == "" {
		return Good
	}
	return Bad
}

// deliveryStatuses are what the list can be narrowed to.
var deliveryStatuses = []Option{{"", "All"}, {string(webhooks.Pending), "Pending"}, {string(webhooks.Delivered), "Delivered"},
	{string(webhooks.Failed), "Failed"}, {string(webhooks.Canceled), "Canceled"}}
