package storage

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// serveLease does what x-ms-lease-action says to a blob's lease.
func (s *Server) serveLease(x *exchange, container, name string) error {
	cond, err := readConditions(x.r.Header)
	if err != nil {
		return err
	}
	status, err := s.lease(x, container, name, cond)
	if err != nil {
		return err
	}
	x.w.WriteHeader(status)
	return nil
}

func (s *Server) lease(x *exchange, container, name string, cond conditions) (status int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, b, err := s.committed(container, name)
	if err != nil {
		return 0, err
	}
	if err := cond.forUpdate(b.content.etag(), b.content.stamp); err != nil {
		return 0, err
	}
	if status, err = x.lease(&b.lease, s.opts.Now()); err != nil {
		return 0, err
	}
	x.set("ETag", b.content.etag())
	x.set("Last-Modified", b.content.stamp.Format(http.TimeFormat))
	return status, nil
}

func (x *exchange) lease(l *lease, now time.Time) (status int, err error) {
	id := x.header("x-ms-lease-id")
	proposed := x.header("x-ms-proposed-lease-id")
	action := x.header("x-ms-lease-action")
	if id == "" && (action == "renew" || action == "change" || action == "release") {
		return 0, errNoHeader
	}
	switch action {
	case "acquire":
		return x.acquire(l, proposed, now)
	case "renew":
		err = l.renew(id, now)
		x.set("x-ms-lease-id", id)
	case "change":
		if !guidForm.MatchString(proposed) {
			return 0, errHeaderValue
		}
		err = l.change(id, proposed, now)
		x.set("x-ms-lease-id", proposed)
	case "release":
		err = l.release(id)
	case "break":
		return x.breakLease(l, now)
	default:
		return 0, errHeaderValue
	}
	return http.StatusOK, err
}

func (x *exchange) acquire(l *lease, proposed string, now time.Time) (int, error) {
	d, err := leaseDuration(x.header("x-ms-lease-duration"))
	if err != nil {
		return 0, err
	}
	if proposed == "" {
		proposed = newGUID()
	} else if !guidForm.MatchString(proposed) {
		return 0, errHeaderValue
	}
	if err := l.acquire(proposed, d, now); err != nil {
		return 0, err
	}
	x.set("x-ms-lease-id", proposed)
	return http.StatusCreated, nil
}

func (x *exchange) breakLease(l *lease, now time.Time) (int, error) {
	var period *time.Duration
	if text := x.header("x-ms-lease-break-period"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 60 {
			return 0, errHeaderValue
		}
		d := time.Duration(n) * time.Second
		period = &d
	}
	left, err := l.breakUp(period, now)
	if err != nil {
		return 0, err
	}
	x.set("x-ms-lease-time", strconv.Itoa(int(left.Round(time.Second)/time.Second)))
	return http.StatusAccepted, nil
}

func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
