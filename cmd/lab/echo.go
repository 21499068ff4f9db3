package main

import (
	"context"
	"io"
	"net/http"
	"time"
)

// rate is how many events a second something takes.
type rate struct {
	events int
	took   time.Duration
}

func (r rate) perSecond() float64 {
	if r.took <= 0 {
		return 0
	}
	return float64(r.events) / r.took.Seconds()
}

// echoRounds is how often the echo gets the whole storm: once would be too
// quick to be measured.
const echoRounds = 10

// measureEcho sends the storm's deliveries, in its waves and by the same kind
// of client, to a server that reads them and says yes.
func (s *stage) measureEcho(ctx context.Context, events []gridEvent) error {
	echo, err := s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a broken request is the client's to tell
		w.WriteHeader(http.StatusAccepted)
	}))
	if err != nil {
		return err
	}
	defer echo.close()
	s.storm.echo = rate{}
	for range echoRounds {
		for at := 0; at < len(events); at += perDelivery * perWave {
			wave := events[at:min(at+perDelivery*perWave, len(events))]
			bodies, err := waveOf(wave)
			if err != nil {
				return err
			}
			began := time.Now()
			if _, err := deliverAll(ctx, echo, "/", bodies); err != nil {
				return err
			}
			s.storm.echo.took += time.Since(began)
			s.storm.echo.events += len(wave)
		}
	}
	return nil
}
