package money

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Currencies lists every currency that can be paid in, by code.
func Currencies() []Currency { return slices.Sorted(maps.Keys(exponents)) }

// Name is the currency in English, such as "US dollar"; its code where it has
// no name here.
func (c Currency) Name() string {
	if name, ok := readNames()[c]; ok {
		return name
	}
	return c.Upper()
}

// readNames is done once: the list is part of the program.
var readNames = sync.OnceValue(func() map[Currency]string {
	out := map[Currency]string{}
	for line := range strings.Lines(strings.TrimSpace(names)) {
		code, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[Currency(code)] = name
	}
	return out
})

// names are those of ISO 4217, shortened to how people say them.
const names = `
aed UAE dirham
afn Afghan afghani
all Albanian lek
amd Armenian dram
ang Antillean guilder
aoa Angolan kwanza
ars Argentine peso
aud Australian dollar
awg Aruban florin
azn Azerbaijani manat
bam Bosnian convertible mark
bbd Barbados dollar
bdt Bangladeshi taka
bgn Bulgarian lev
bhd Bahraini dinar
bif Burundian franc
bmd Bermudian dollar
bnd Brunei dollar
bob Bolivian boliviano
brl Brazilian real
bsd Bahamian dollar
btn Bhutanese ngultrum
bwp Botswana pula
byn Belarusian rouble
bzd Belize dollar
cad Canadian dollar
cdf Congolese franc
chf Swiss franc
clf Chilean unidad de fomento
clp Chilean peso
cny Chinese yuan
cop Colombian peso
crc Costa Rican colón
cuc Cuban convertible peso
cup Cuban peso
cve Cape Verdean escudo
czk Czech koruna
djf Djiboutian franc
dkk Danish krone
dop Dominican peso
dzd Algerian dinar
egp Egyptian pound
ern Eritrean nakfa
etb Ethiopian birr
eur Euro
fjd Fiji dollar
fkp Falkland Islands pound
gbp Pound sterling
gel Georgian lari
ghs Ghanaian cedi
gip Gibraltar pound
gmd Gambian dalasi
gnf Guinean franc
gtq Guatemalan quetzal
gyd Guyanese dollar
hkd Hong Kong dollar
hnl Honduran lempira
htg Haitian gourde
huf Hungarian forint
idr Indonesian rupiah
ils Israeli shekel
inr Indian rupee
iqd Iraqi dinar
irr Iranian rial
isk Icelandic króna
jmd Jamaican dollar
jod Jordanian dinar
jpy Japanese yen
kes Kenyan shilling
kgs Kyrgyz som
khr Cambodian riel
kmf Comorian franc
kpw North Korean won
krw South Korean won
kwd Kuwaiti dinar
kyd Cayman Islands dollar
kzt Kazakh tenge
lak Lao kip
lbp Lebanese pound
lkr Sri Lankan rupee
lrd Liberian dollar
lsl Lesotho loti
lyd Libyan dinar
mad Moroccan dirham
mdl Moldovan leu
mga Malagasy ariary
mkd Macedonian denar
mmk Myanmar kyat
mnt Mongolian tögrög
mop Macanese pataca
mru Mauritanian ouguiya
mur Mauritian rupee
mvr Maldivian rufiyaa
mwk Malawian kwacha
mxn Mexican peso
myr Malaysian ringgit
mzn Mozambican metical
nad Namibian dollar
ngn Nigerian naira
nio Nicaraguan córdoba
nok Norwegian krone
npr Nepalese rupee
nzd New Zealand dollar
omr Omani rial
pab Panamanian balboa
pen Peruvian sol
pgk Papua New Guinean kina
php Philippine peso
pkr Pakistani rupee
pln Polish złoty
pyg Paraguayan guaraní
qar Qatari riyal
ron Romanian leu
rsd Serbian dinar
rub Russian rouble
rwf Rwandan franc
sar Saudi riyal
sbd Solomon Islands dollar
scr Seychelles rupee
sdg Sudanese pound
sek Swedish krona
sgd Singapore dollar
shp Saint Helena pound
sle Sierra Leonean leone
sos Somali shilling
srd Surinamese dollar
ssp South Sudanese pound
stn São Tomé dobra
svc Salvadoran colón
syp Syrian pound
szl Eswatini lilangeni
thb Thai baht
tjs Tajik somoni
tmt Turkmen manat
tnd Tunisian dinar
top Tongan paʻanga
try Turkish lira
ttd Trinidad and Tobago dollar
twd New Taiwan dollar
tzs Tanzanian shilling
uah Ukrainian hryvnia
ugx Ugandan shilling
usd US dollar
uyu Uruguayan peso
uzs Uzbek soum
ved Venezuelan digital bolívar
ves Venezuelan bolívar
vnd Vietnamese đồng
vuv Vanuatu vatu
wst Samoan tālā
xaf Central African CFA franc
xcd East Caribbean dollar
xcg Caribbean guilder
xof West African CFA franc
xpf CFP franc
yer Yemeni rial
zar South African rand
zmw Zambian kwacha
zwg Zimbabwe Gold
`
