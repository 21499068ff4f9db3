package request

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode: whatever arrives, the answer is a message that can be written
// and read again, or one of the two errors.
func FuzzDecode(f *testing.F) {
	for _, name := range samples {
		f.Add(sample(f, name))
	}
	for _, c := range requests {
		f.Add([]byte(c.body))
	}
	for _, c := range approvals {
		f.Add([]byte(c.body))
	}
	f.Add(essentialsWith("", ""))
	f.Add([]byte(`{"schema":1,"kind":"Alert","id":"a1","rule":"down","condition":"Resolved","targets":["/a"]}`))
	f.Add([]byte(`{"schema":2,"id":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := Decode(body)
		known(t, err)
		switch m := m.(type) {
		case Request:
			again(t, m, EncodeRequest)
		case Alert:
			again(t, m, EncodeAlert)
		}
		a, err := DecodeApproval(body)
		known(t, err)
		if err != nil {
			return
		}
		if m != nil {
			t.Fatalf("both %+v and an approval", m)
		}
		written, err := EncodeApproval(a)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := DecodeApproval(written); err != nil || second != a {
			t.Fatalf("%+v, written and read: %+v, %v", a, second, err)
		}
	})
}

func known(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrNewer) {
		t.Fatalf("error = %v", err)
	}
	var m *MalformedError
	if errors.As(err, &m) && (len(m.Excerpt) > maxExcerpt || line(m.Error()) != m.Error()) {
		t.Fatalf("not fit for a log: %q", err)
	}
}

func again[T Message](t *testing.T, m T, encode func(T) ([]byte, error)) {
	t.Helper()
	body, err := encode(m)
	if err != nil {
		t.Fatalf("%+v: %v", m, err)
	}
	second, err := Decode(body)
	if diff := cmp.Diff(Message(m), second); diff != "" || err != nil {
		t.Fatalf("written and read: %v (-want +got):\n%s", err, diff)
	}
}
