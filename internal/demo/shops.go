package demo

import (
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// shop is a merchant that an agent buys from, with what a purchase there costs:
// from low to high minor units, mostly near low.
type shop struct {
	policy.Merchant
	currency  money.Currency
	low, high int64
	// weight is how often it is chosen beside the agent's other shops.
	weight   int
	purposes []string
}

// at names a shop.
func at(name, domain, mcc, country string) policy.Merchant {
	return policy.Merchant{Name: name, MCC: mcc, Country: country, Domain: domain}
}

var hardware = []shop{
	{at("Dell", "dell.com", "5732", "US"), "usd", 8900, 290000, 5, []string{"Monitor for a new hire", "Laptop refresh", "Docking station"}},
	{at("CDW", "cdw.com", "5045", "US"), "usd", 2900, 140000, 5, []string{"SSD upgrades", "Network switch", "Cables and adapters"}},
	{at("Amazon Business", "business.amazon.com", "5999", "US"), "usd", 900, 48000, 8, []string{"Keyboards", "Webcams", "Whiteboard markers"}},
	{at("Notebooksbilliger", "notebooksbilliger.de", "5732", "DE"), "eur", 4900, 190000, 4, []string{"Laptop for the Berlin team", "Spare chargers"}},
	{at("Conrad Electronic", "conrad.de", "5065", "DE"), "eur", 1200, 42000, 4, []string{"Sensors for the lab", "Bench supply"}},
	{at("Thomann", "thomann.de", "5733", "DE"), "eur", 2900, 60000, 1, []string{"Microphone for the podcast room"}},
}

var clouds = []shop{
	{at("Amazon Web Services", "aws.amazon.com", "7372", "US"), "usd", 900, 60000, 10, []string{"Spot capacity", "GPU hours for run 81", "RDS snapshot export"}},
	{at("Google Cloud", "cloud.google.com", "7372", "US"), "usd", 700, 38000, 6, []string{"BigQuery slots", "Vertex batch job"}},
	{at("Hetzner Online", "hetzner.com", "4816", "DE"), "eur", 490, 16000, 5, []string{"Build runners", "Storage box"}},
	{at("Cloudflare", "cloudflare.com", "4816", "US"), "usd", 500, 12000, 4, []string{"Workers usage", "R2 egress"}},
	{at("Datadog", "datadoghq.com", "7372", "US"), "usd", 1500, 22000, 3, []string{"Log retention", "Synthetic checks"}},
	{at("DigitalOcean", "digitalocean.com", "7372", "US"), "usd", 600, 9000, 3, []string{"Preview environments"}},
}

var models = []shop{
	{at("OpenAI", "openai.com", "7372", "US"), "usd", 150, 9000, 9, []string{"Batch embeddings", "Evaluation run", "Summaries of support threads"}},
	{at("Anthropic", "anthropic.com", "7372", "US"), "usd", 200, 11000, 9, []string{"Contract review run", "Code migration run", "Evaluation run"}},
	{at("Replicate", "replicate.com", "7372", "US"), "usd", 80, 4000, 4, []string{"Image upscaling", "Speech to text"}},
	{at("Hugging Face", "huggingface.co", "7372", "US"), "usd", 90, 6000, 3, []string{"Inference endpoint", "Dataset hosting"}},
	{at("Mistral AI", "mistral.ai", "7372", "FR"), "eur", 120, 5000, 3, []string{"Classification run", "Translation run"}},
}

var datasets = []shop{
	{at("Twilio", "twilio.com", "4814", "US"), "usd", 200, 9000, 5, []string{"Number look-ups", "Verification messages"}},
	{at("Apify", "apify.com", "7372", "CZ"), "usd", 300, 7000, 4, []string{"Price monitoring crawl", "Job board crawl"}},
	{at("Dun & Bradstreet", "dnb.com", "7321", "US"), "usd", 900, 14000, 2, []string{"Company report"}},
	{at("Companies House", "company-information.service.gov.uk", "9399", "GB"), "gbp", 100, 1300, 2, []string{"Filing history"}},
}

var advertising = []shop{
	{at("Google Ads", "ads.google.com", "7311", "US"), "usd", 2500, 38000, 8, []string{"Brand campaign top-up", "Search campaign DACH", "Performance Max"}},
	{at("Meta Ads", "business.facebook.com", "7311", "IE"), "eur", 2000, 30000, 6, []string{"Retargeting", "Lookalike audience test"}},
	{at("LinkedIn Ads", "linkedin.com", "7311", "IE"), "eur", 3000, 34000, 4, []string{"Hiring campaign", "Webinar leads"}},
	{at("Reddit Ads", "ads.reddit.com", "7311", "US"), "usd", 1500, 14000, 3, []string{"Developer audience test"}},
}

var journeys = []shop{
	{at("Deutsche Bahn", "bahn.de", "4112", "DE"), "eur", 1990, 26000, 9, []string{"Customer visit Hamburg", "Team day Munich", "Trade fair Cologne"}},
	{at("Lufthansa", "lufthansa.com", "3008", "DE"), "eur", 8900, 160000, 5, []string{"Flight to the Lisbon offsite", "Flight to New York, sales"}},
	{at("British Airways", "britishairways.com", "3005", "GB"), "gbp", 7900, 110000, 3, []string{"Flight to London", "Return from Edinburgh"}},
	{at("Premier Inn", "premierinn.com", "7011", "GB"), "gbp", 6900, 62000, 3, []string{"Two nights in Leeds", "Hotel for the London sprint"}},
	{at("Booking.com", "booking.com", "4722", "NL"), "eur", 7900, 120000, 5, []string{"Hotel for the fair", "Rooms for the offsite"}},
	{at("Uber", "uber.com", "4121", "US"), "usd", 900, 9000, 5, []string{"Airport transfer", "Ride to the customer"}},
}

var credits = []shop{
	{at("Tremendous", "tremendous.com", "5947", "US"), "usd", 500, 14000, 8, []string{"Goodwill after late delivery", "Referral reward", "Survey incentive"}},
	{at("Giftbit", "giftbit.com", "5947", "CA"), "usd", 500, 9000, 3, []string{"Goodwill after an outage", "Apology for a double charge"}},
	{at("Amazon Gift Cards", "amazon.com", "5947", "US"), "usd", 1000, 12000, 3, []string{"Community prize", "Goodwill credit"}},
}

var subscriptions = []shop{
	{at("GitHub", "github.com", "7372", "US"), "usd", 400, 21000, 5, []string{"Seats", "Actions minutes"}},
	{at("Figma", "figma.com", "7372", "US"), "usd", 1500, 18000, 4, []string{"Editor seats"}},
	{at("Notion", "notion.so", "7372", "US"), "usd", 1000, 16000, 3, []string{"Workspace seats"}},
	{at("Zoom", "zoom.us", "4814", "US"), "usd", 1499, 9000, 3, []string{"Webinar add-on", "Licences"}},
	{at("Personio", "personio.de", "7372", "DE"), "eur", 9900, 48000, 2, []string{"HR seats"}},
	{at("Canva", "canva.com", "7372", "AU"), "usd", 1299, 7000, 2, []string{"Team plan"}},
}

var supplies = []shop{
	{at("Viking", "viking.de", "5943", "DE"), "eur", 900, 30000, 6, []string{"Paper and toner", "Envelopes"}},
	{at("IKEA Business", "ikea.com", "5712", "DE"), "eur", 1900, 90000, 3, []string{"Desks for the third floor", "Lamps"}},
	{at("REWE", "rewe.de", "5411", "DE"), "eur", 1500, 16000, 6, []string{"Fruit and milk", "Team breakfast"}},
	{at("dm-drogerie markt", "dm.de", "5912", "DE"), "eur", 900, 6000, 3, []string{"First aid refill", "Cleaning"}},
}

var events = []shop{
	{at("Eventbrite", "eventbrite.com", "7922", "US"), "usd", 1900, 60000, 4, []string{"Conference tickets", "Meetup venue"}},
	{at("Vistaprint", "vistaprint.de", "2741", "DE"), "eur", 2900, 42000, 3, []string{"Stickers and badges", "Roll-up banner"}},
	{at("Heycater", "heycater.com", "5812", "DE"), "eur", 18000, 150000, 3, []string{"Catering for the meetup", "Board lunch"}},
}

var contractors = []shop{
	{at("Upwork", "upwork.com", "7399", "US"), "usd", 9000, 210000, 6, []string{"Illustrations, milestone 2", "QA sprint", "Translation of the handbook"}},
	{at("Fiverr", "fiverr.com", "7399", "IL"), "usd", 2500, 30000, 4, []string{"Voice over", "Logo variants"}},
	{at("Worksome", "worksome.com", "7361", "GB"), "gbp", 14000, 160000, 3, []string{"Data engineer, two days", "Copy editor"}},
}

var trials = []shop{
	{at("RunPod", "runpod.io", "7372", "US"), "usd", 100, 4000, 4, []string{"Experiment", "Notebook session"}},
	{at("Paperspace", "paperspace.com", "7372", "US"), "usd", 150, 3500, 3, []string{"Experiment", "Fine-tuning test"}},
}

var printing = []shop{
	{at("Flyeralarm", "flyeralarm.com", "2741", "DE"), "eur", 1500, 24000, 3, []string{"Business cards", "Flyers for the fair"}},
	{at("Letterxpress", "letterxpress.de", "7338", "DE"), "eur", 300, 4000, 3, []string{"Dunning letters", "Contracts by post"}},
}
