package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrNotLoopback: an Azure whose keys are public is not for other machines.
var ErrNotLoopback = errors.New("want a loopback host: 127.0.0.1, ::1 or localhost")

// Where the ARM socket answers as the identity endpoint, and as the gateways of
// all services. ARM's own paths begin with /subscriptions.
const (
	identityPath = "/msi/token"
	gatewaysPath = "/gateways"
)

// Addresses are what a client needs to find an Azure on this machine.
type Addresses struct {
	ServiceBus       string // a connection string
	Storage          string // a connection string
	ARM              string // a URL
	Gateways         string // a URL; <it>/<service> is that service's gateway
	IdentityEndpoint string // a URL
	IdentityHeader   string
}

// Serve opens loopback sockets and returns at once; Close closes them. listen
// is HOST:PORT: Service Bus has that port, ARM (with the identity endpoint)
// the next, then Blob, then Table; with port 0 each has any free one. It
// returns ErrNotLoopback for a host that others can reach.
func (a *Azure) Serve(listen string) (Addresses, error) {
	host, first, err := splitListen(listen)
	if err != nil {
		return Addresses{}, err
	}
	var sockets []net.Listener
	for i := range 4 {
		port := first
		if first != 0 {
			port += i
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			for _, l := range sockets {
				_ = l.Close()
			}
			return Addresses{}, fmt.Errorf("listen for the development Azure: %w: choose four other ports, or 0 for any free ones", err)
		}
		sockets = append(sockets, l)
	}
	a.running.Go(func() { _ = a.Broker.Serve(sockets[0]) }) // ends by Close
	a.serve(sockets[1], a.managementHandler())
	a.serve(sockets[2], a.BlobHandler())
	a.serve(sockets[3], a.TableHandler())
	url := func(i int) string { return "http://" + sockets[i].Addr().String() }
	a.ARM.ServeGatewaysAt(url(1) + gatewaysPath)
	return Addresses{
		ServiceBus: a.Broker.ConnectionString(sockets[0].Addr().String()),
		Storage:    a.Storage.ConnectionString(url(2), url(3)),
		ARM:        url(1), Gateways: url(1) + gatewaysPath, IdentityEndpoint: url(1) + identityPath, IdentityHeader: IdentityHeader,
	}, nil
}

// CheckListen returns the error that Serve would have for an address that it
// does not take, without opening anything.
func CheckListen(listen string) error {
	_, _, err := splitListen(listen)
	return err
}

func splitListen(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("listen on %q: want HOST:PORT such as 127.0.0.1:8800", listen)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", 0, fmt.Errorf("listen on %q: %w", listen, ErrNotLoopback)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port > 65532 {
		return "", 0, fmt.Errorf("listen on %q: want a port up to 65532, whose next three are used as well, or 0 for any", listen)
	}
	return host, port, nil
}

// managementHandler is no ServeMux, which would redirect ARM's double slashes.
func (a *Azure) managementHandler() http.Handler {
	gateways := http.StripPrefix(gatewaysPath, a.GatewayHandler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == identityPath:
			a.Identity.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, gatewaysPath+"/"):
			gateways.ServeHTTP(w, r)
		default:
			a.ARMHandler().ServeHTTP(w, r)
		}
	})
}

// stopWithin is how long requests get to end when an Azure is closed.
const stopWithin = 2 * time.Second

// serve answers on l until Close.
func (a *Azure) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	a.running.Go(func() { _ = server.Serve(l) }) // always an error; Close is the one that ends it
	a.running.Go(func() {
		<-a.closing.Done()
		stop, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		if server.Shutdown(stop) != nil {
			_ = server.Close()
		}
	})
}
