package views

// CompanyPage is the form of the company's settings, with what was typed.
type CompanyPage struct {
	Wrong                                                    Errors
	Name, Currency, TimeZone, ApprovalTimeout, TokenAudience string
	RequireRedemption                                        bool
	// Version is the one that the form was filled from. Changed says that somebody
	// saved another one since.
	Version int
	Changed bool
}
