package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"

	"lifeboat/internal/emulator/wire"
)

// site is something of the lab's own that speaks HTTP, and a client for it.
type site struct {
	url    string
	client *http.Client
	server *http.Server // nil of one without a socket
}

// serve makes a site of h: on loopback, or, where the handler runs in this
// process, without a connection.
func (s *stage) serve(h http.Handler) (*site, error) {
	if s.worker != nil {
		return &site{url: "http://127.0.0.1", client: &http.Client{Transport: wire.Transport{Handler: h}}}, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for a server of the lab's own: %w", err)
	}
	at := &site{
		url: "http://" + l.Addr().String(), server: &http.Server{Handler: h},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}},
	}
	go func() {
		if err := at.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.timeline.say("lab: a server of its own ended: %v\n", err)
		}
	}()
	return at, nil
}

// close ends the server and every connection.
func (at *site) close() {
	at.client.CloseIdleConnections()
	if at.server != nil {
		_ = at.server.Close() // nothing can be lost any more
	}
}
