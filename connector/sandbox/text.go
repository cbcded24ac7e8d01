package sandbox

import "strconv"

// The texts of a small shop for outdoor goods and of its customers. They are
// the insides of JSON strings: some have an escaped U+0000 or half a surrogate
// pair, as texts of real accounts do.

var firstNames = []string{
	"Mara", "Jo", "Ana", "Wei", "Olu", "Sofía", "Jürgen", "Łukasz", "Nadia", "Tom", "Ines", "Priya",
	"Björn", "Yuki", "Fatima", "Zoë", "Kwame", "Eva", "D’Arcy", "Lee", "Noor", "Émile", "Ravi", "Grace",
}

var lastNames = []string{
	"Lindqvist", "Park", "O'Neill", "García", "Møller", "Nowak", "Okafor", "Tan", "Smith", "van der Berg", "Rossi",
	"Haddad", "Kim", "Dubois", "Yamada", "Novák", "Iyer", "Brown", "Çelik", "Mensah", "Silva", "Weber", "王", "Леонова",
}

var products = []string{
	"rain jacket", "two-person tent", "head torch", "trail shoes", "wool socks", "water filter", "sleeping bag (-5 °C)",
	"camp stove", "dry bag, 20 l", "trekking poles", "map of the fells", "gift card",
}

// politeSubjects are the first of the subjects that a polite account has.
const politeSubjects = 11

var subjects = []string{
	"Where is my refund?", "Order # is late", "Wrong size", "Return of #", "Damaged on arrival: the %", "Question about the %",
	"Re: Re: Order #", "invoice for # please", "Cancel # !!", "¿Cuándo llega mi pedido #?", "Commande # incomplète",
	`He said \"tomorrow\" — it is \"tomorrow\"`, "💔 my %", `Fwd:\u00a0\tSTATUS?`, "", "Discount code does not work",
	"Subject with a line\u2028separator", `cut off \ud83d`,
}

var sentences = []string{
	"I returned the % two weeks ago and still have not seen the money.",
	"Order # was due on Monday; the tracking page has not moved since.",
	"The % arrived today, but the box was open.",
	"Could I have the % in a smaller size instead?",
	"Thank you, that was quick!",
	"We have sent a new one; it should be with you in 3-5 days.",
	"Please send a photo of the label.\\nA phone picture is fine.",
	"I am sorry about that — refunded to your card, order #.",
	"Is the % waterproof?\\n\\nIt says \\\"weatherproof\\\" on the page.",
	"Merci beaucoup 🙏🏽",
	"C:\\\\orders\\\\#.pdf is what your site offers for download.",
	"Bitte stornieren Sie #. Grüße aus Köln",
	"注文番号 # はまだ届いていません。",
	"??",
	"The code SUMMER-10 gives \\\"not valid\\\".\\tWhy?",
	"Asked finance, waiting for an answer.",
}

// oddities are appended to some texts.
var oddities = []string{
	`\u0000`, `a\u0000b`, `\ud83d`, `\ude00 \ud83d`, "\u2028", "\u2029next", "\u0085", `\u0085\u2028`, "\ufeff", `\b\f\u001f`, "👩‍👩‍👧‍👦", "e\u0301", "\u202eenod", `<\/div>`,
}

// expand appends a text to dst, with a random order number for # and a random
// product for %, and sometimes with an oddity, unless the account
// is polite.
func (p *prng) expand(dst []byte, text string) []byte {
	for i := range len(text) {
		switch text[i] {
		case '#':
			dst = strconv.AppendInt(append(dst, '#'), int64(1000+p.intn(90000)), 10)
		case '%':
			dst = append(dst, pick(p, products)...)
		default:
			dst = append(dst, text[i])
		}
	}
	if p.oneIn(60) && !p.polite {
		dst = append(append(dst, ' '), pick(p, oddities)...)
	}
	return dst
}

// prose returns one to four sentences, without quotes.
func (p *prng) prose() []byte {
	var b []byte
	for i := range 1 + p.intn(4) {
		if i > 0 {
			b = append(b, ' ')
		}
		b = p.expand(b, pick(p, sentences))
	}
	return b
}

// subject returns a subject, raw.
func (p *prng) subject() string {
	from := subjects
	if p.polite {
		from = from[:politeSubjects]
	}
	return string(append(p.expand([]byte{'"'}, pick(p, from)), '"'))
}

// arbitraryJSON returns a value of a field that may hold any JSON, raw.
func (p *prng) arbitraryJSON() string {
	if p.polite {
		return pick(p, []string{`{}`, `{"order":"` + number(1000+int64(p.intn(9000))) + `"}`, `{"cart":{"items":[{"sku":"TENT-2","qty":2}],"total":129.90}}`})
	}
	switch p.intn(16) {
	case 0:
		return `{}`
	case 1:
		return `{"legacy_id":` + number(1<<53+1+int64(p.intn(1e6))) + `}`
	case 2:
		return `{"weight":1.0,"price":1e3,"tax":-0,"ratio":1.10}`
	case 3:
		return `{"cart":{"items":[{"sku":"TENT-2","qty":"2"},{"sku":"","qty":null}],"total":129.90}}`
	case 4:
		return `["a",null,12345678901234567890,{"":""}]`
	case 5:
		return `"vip"`
	case 6:
		return `7`
	case 7:
		return `false`
	case 8:
		return `{"when":"2026-13-40","note":"half \ud83d"}`
	case 9:
		return `{"big":` + p.bigObject() + `}`
	default:
		return "null"
	}
}

// bigObject returns an object that is nested deeper and wider than most, raw.
func (p *prng) bigObject() string {
	b := []byte(`{"orders":[`)
	for i := range 6 {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"id":`...)
		b = strconv.AppendInt(b, 1<<55+int64(p.intn(1e9)), 10)
		b = append(b, `,"name":"`...)
		b = p.expand(b, "#")
		b = append(b, `","line_items":[{"title":"`...)
		b = append(b, pick(p, products)...)
		b = append(b, `","price":"49.00","properties":[]}],"shipping":{"address":{"zip":"0042","geo":{"lat":51.50,"lng":-1e-1}}}}`...)
	}
	return string(append(b, `],"tags":""}`...))
}
