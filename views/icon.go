package views

// icons are drawn as one path each on a 24 by 24 field.
var icons = map[string]string{
	"menu":           "M4 7h16M4 12h16M4 17h16",
	"person":         "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21c0-4 3.6-6 8-6s8 2 8 6",
	"overview":       "M4 20V10M10 20V4M16 20v-7M21 20H3",
	"approvals":      "M4 13v5a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-5M4 13l3-9h10l3 9M4 13h5a3 3 0 0 0 6 0h5",
	"authorizations": "M4 6h16M4 12h16M4 18h10",
	"agents":         "M9 3h6M12 3v4M6 7h12a2 2 0 0 1 2 2v8a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V9a2 2 0 0 1 2-2M9 13h.01M15 13h.01",
	"policies":       "M12 3l8 3v6c0 5-3.5 8-8 9-4.500-1-8-4-8-9V6zM9 12l2 2 4-4",
	"budgets":        "M12 3a9 9 0 1 0 9 9h-9zM16 3.500A9 9 0 0 1 20.500 8H16z",
	"wallets":        "M4 7h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM4 7l11-4v4M16 13.500h.01",
	"cards":          "M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1M3 10h18M7 14.500h4",
	"ledger":         "M4 5h7a1 1 0 0 1 1 1v14a2 2 0 0 0-2-2H4zM20 5h-7a1 1 0 0 0-1 1v14a2 2 0 0 1 2-2h6z",
	"audit":          "M6 3h9l4 4v14H6zM14 3v5h5M9 13h7M9 17h7",
	"settings":       "M4 7h9M17 7h3M4 17h3M11 17h9M15 4v6M9 14v6",
	"developers":     "M8 8l-5 4 5 4M16 8l5 4-5 4M14 5l-4 14",
	"check":          "M5 12l5 5 9-10",
	"cross":          "M6 6l12 12M18 6L6 18",
	"warning":        "M12 4l9 16H3zM12 10v4M12 17h.01",
	"clock":          "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3 2",
	"snow":           "M12 3v18M4 7.500l16 9M20 7.500l-16 9",
}
