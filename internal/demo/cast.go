package demo

import (
	"time"

	"github.com/getpurser/purser/internal/spend"
)

// person is a member of the demo company.
type person struct {
	email, name, role string
	// joins is how long after the founding they sign in.
	joins time.Duration
}

var people = []person{
	{"owner@demo.test", "Mara Lindqvist", "owner", 0},
	{"admin@demo.test", "Jonas Albrecht", "admin", 3 * time.Hour},
	{"approver@demo.test", "Priya Raman", "approver", 4 * time.Hour},
	{"viewer@demo.test", "Tom Okafor", "viewer", 2 * day},
}

const day = 24 * time.Hour

// rhythm is how an agent's requests spread over the hours of a local day.
type rhythm [24]int

var (
	// office follows people at work, machine runs all day, and night has its
	// batches before the people come.
	office  = rhythm{8: 4, 9: 9, 10: 12, 11: 12, 12: 6, 13: 8, 14: 12, 15: 11, 16: 9, 17: 6, 18: 3, 19: 1}
	machine = rhythm{4, 4, 4, 4, 4, 4, 5, 6, 7, 8, 9, 9, 8, 8, 9, 9, 8, 8, 7, 6, 5, 5, 4, 4}
	night   = rhythm{8, 10, 12, 12, 9, 6, 3, 2, 2, 4, 5, 5, 4, 4, 5, 5, 4, 3, 2, 2, 3, 4, 5, 6}
)

// role is what an agent does, and how much of it.
type role struct {
	handle, name, description, team string
	shops                           []shop
	rhythm                          rhythm
	// perDay is how many requests a working day brings, and weekend how many
	// hundredths of that a Saturday or Sunday does.
	perDay, weekend int
	capture         spend.Capture
	expiresIn       time.Duration
	// starts is how long after the founding it makes its first request.
	starts time.Duration
}

// early is before there are policies: the first requests find none.
const early = 2 * time.Hour

const (
	procurement = "procurement-bot"
	cloud       = "cloud-bot"
	research    = "research-bot"
	data        = "data-bot"
	ads         = "ads-bot"
	travel      = "travel-bot"
	support     = "support-credits-bot"
	saas        = "saas-bot"
	supply      = "office-bot"
	event       = "events-bot"
	contractor  = "contractor-bot"
	trial       = "sandbox-trial-bot" // frozen after it ran away
	printer     = "print-bot"         // deleted when its work ended
)

var roles = []role{
	{procurement, "Procurement", "Buys hardware that the team asks for", "operations", hardware, office, 6, 5, spend.Explicit, time.Hour, early},
	{cloud, "Cloud capacity", "Buys compute and storage when queues grow", "platform", clouds, machine, 11, 80, spend.Auto, 15 * time.Minute, early},
	{research, "Research assistant", "Runs model jobs for the product teams", "research", models, night, 22, 60, spend.Auto, 15 * time.Minute, early},
	{data, "Data look-ups", "Pays for data that enriches leads", "growth", datasets, machine, 9, 40, spend.Explicit, 15 * time.Minute, early},
	{ads, "Ads buyer", "Tops up campaigns that perform", "marketing", advertising, office, 11, 35, spend.Explicit, 30 * time.Minute, early},
	{travel, "Travel desk", "Books trains, flights and hotels", "operations", journeys, office, 6, 10, spend.Explicit, 2 * time.Hour, early},
	{support, "Support credits", "Sends goodwill credits to customers", "support", credits, office, 14, 25, spend.Explicit, 15 * time.Minute, early},
	{saas, "Subscriptions", "Keeps seats in line with the team", "operations", subscriptions, office, 3, 5, spend.Auto, 15 * time.Minute, early},
	{supply, "Office supplies", "Keeps the Berlin office stocked", "operations", supplies, office, 4, 0, spend.Explicit, 4 * time.Hour, early},
	{event, "Events", "Tickets, venues and catering", "marketing", events, office, 2, 0, spend.Explicit, 24 * time.Hour, 19 * day},
	{contractor, "Contractors", "Pays freelance milestones", "product", contractors, office, 3, 0, spend.Explicit, 24 * time.Hour, 33 * day},
	{trial, "Sandbox trial", "An experiment of the research team", "research", trials, night, 5, 50, spend.Auto, 15 * time.Minute, 40 * day},
	{printer, "Printing", "Letters and print orders", "operations", printing, office, 2, 0, spend.Explicit, time.Hour, early},
}
