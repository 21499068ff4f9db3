package event

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
)

const whole = `{"id":"e1","topic":"/subscriptions/s","subject":"x","eventType":"Contoso.Thing","eventTime":"2026-03-01T02:10:00Z","data":{"claims":"hunter2"}}`

// with is whole, changed.
func with(old, new string) string {
	if !strings.Contains(whole, old) {
		panic(old)
	}
	return strings.Replace(whole, old, new, 1)
}

var malformed = []struct{ name, raw, want string }{
	{"nothing", ``, "want a JSON object"},
	{"only space", " \n", "want a JSON object"},
	{"null", `null`, "want a JSON object"},
	{"text", `"hunter2"`, "want a JSON object"},
	{"a number", ` 7`, "want a JSON object"},
	{"a list of one event", `[` + whole + `]`, "want a JSON object"},
	{"half an event", whole[:len(whole)-1], "want a JSON object"},
	{"more than an event", whole + `{}`, "want a JSON object"},
	{"not JSON", `{hunter2}`, "want a JSON object"},
	{"nested too deeply", with(`"hunter2"`, strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), "want a JSON object"},
	{"an empty object", `{}`, "want eventType or type"},
	{"no type", with(`"eventType":"Contoso.Thing",`, ``), "want eventType or type"},
	{"a blank type", with(`Contoso.Thing`, ` \n\u0000`), "want eventType or type"},
	{"a type that is no text", with(`"Contoso.Thing"`, `["Contoso.Thing"]`), "want eventType or type"},
	{"no id", with(`"id":"e1",`, ``), "want id"},
	{"a blank id", with(`"e1"`, `" "`), "want id"},
	{"an id that is no text", with(`"e1"`, `7`), "want id"},
	{"no time", with(`,"eventTime":"2026-03-01T02:10:00Z"`, ``), "want eventTime or time"},
	{"a time that is no text", with(`"2026-03-01T02:10:00Z"`, `1772331000`), "want eventTime or time"},
	{"a time that nobody can read", with(`2026-03-01T02:10:00Z`, `hunter2`), "want eventTime or time"},
	{"a day", with(`2026-03-01T02:10:00Z`, `2026-03-01`), "want eventTime or time"},
	{"a day that there is not", with(`2026-03-01`, `2026-02-30`), "want eventTime or time"},
	{"no time at all, as .NET writes it", with(`2026-03-01T02:10:00Z`, `0001-01-01T00:00:00Z`), "want eventTime or time"},
	{"the last time, as .NET writes it", with(`2026-03-01T02:10:00Z`, `9999-12-31T23:59:59.9999999-14:00`), "want eventTime or time"},
	{"too much", with(`hunter2`, strings.Repeat("x", MaxSize)), "want at most 1048576 bytes"},
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range malformed {
		t.Run(c.name, func(t *testing.T) {
			e, err := Decode([]byte(c.raw))
			if e != nil || !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("Decode = %v, %v, want ErrMalformed and %q", e, err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("told a secret: %v", err)
			}
		})
	}
}

func TestAnErrorNamesTheEvent(t *testing.T) {
	_, err := Decode([]byte(with(`2026-03-01T02:10:00Z`, `soon`)))
	if want := `malformed event: id "e1", type "Contoso.Thing": want eventTime`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error = %v, want %s...", err, want)
	}
}

func TestAnEventMayBeAsLargeAsEventGridAllows(t *testing.T) {
	raw := with(`hunter2`, strings.Repeat("x", MaxSize-len(whole)+len("hunter2")))
	if len(raw) != MaxSize {
		t.Fatalf("made %d bytes, want %d", len(raw), MaxSize)
	}
	if e, err := Decode([]byte(raw)); err != nil {
		t.Errorf("Decode = %v, %v", e, err)
	}
	if _, err := Decode([]byte(raw + " ")); !errors.Is(err, ErrMalformed) {
		t.Errorf("one byte more: %v, want ErrMalformed", err)
	}
}

func TestTimes(t *testing.T) {
	for written, want := range map[string]string{
		"2026-03-01T02:10:00Z":             "2026-03-01T02:10:00Z",
		"2026-03-01t02:10:00z":             "2026-03-01T02:10:00Z",
		"2026-03-01T02:10:00":              "2026-03-01T02:10:00Z",
		"2026-03-01T02:10:00.1":            "2026-03-01T02:10:00.1Z",
		"2026-03-01T02:10:00.1234567Z":     "2026-03-01T02:10:00.1234567Z",
		"2026-03-01T02:10:00.123456789Z":   "2026-03-01T02:10:00.123456789Z",
		"2026-03-01T02:10:00.123456789":    "2026-03-01T02:10:00.123456789Z",
		"2026-03-01T02:10:00.12345678901Z": "2026-03-01T02:10:00.123456789Z",
		"2026-03-01T02:10:00.5+02:00":      "2026-03-01T00:10:00.5Z",
		"2026-03-01T02:10:00+00:00":        "2026-03-01T02:10:00Z",
		"2000-01-01T00:00:00Z":             "2000-01-01T00:00:00Z",
	} {
		got := decoded(t, []byte(with("2026-03-01T02:10:00Z", written))).(Ignored).At
		if !got.Equal(at(want)) || got.Location() != time.UTC {
			t.Errorf("%s was read as %v, want %s", written, got, want)
		}
	}
}

func TestWhatIsShownIsFitForALog(t *testing.T) {
	const dirty = `\u001b[31m\r\n\u0000\u202e`
	long := dirty + strings.Repeat("é", 400)
	kind := decoded(t, []byte(with("Contoso.Thing", long))).(Ignored).Type
	operation := decoded(t, fmt.Appendf(nil, `{"id":"e1","eventType":"Microsoft.Resources.ResourceWriteSuccess","eventTime":"2026-03-01T02:10:00Z","data":{"resourceUri":%q,"operationName":"%s"}}`, apim, long)).(Change).What
	_, err := Decode(fmt.Appendf(nil, `{"id":"%s","eventType":"%s"}`, long, long))
	want := "[31m" + strings.Repeat("é", maxPlain-4)
	for name, got := range map[string]string{"Type": kind, "What": operation} {
		if got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if err == nil || len([]rune(err.Error())) > 2*maxPlain+200 || strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("not fit for a log: %v", err)
	}
}

func TestIDsAreTakenAsTheyAre(t *testing.T) {
	if got, want := decoded(t, []byte(with(`"e1"`, `" A/b?\t\u0000é "`))).(Ignored).ID, " A/b?\t\x00é "; got != want {
		t.Errorf("ID = %q, want %q", got, want)
	}
}
